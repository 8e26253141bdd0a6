"""A stand-in for every process of the stack: ready within milliseconds, standard library only."""

import http.server
import json
import os
import signal
import socketserver
import sys
from pathlib import Path

SETTINGS = b"\0\0\0\4\0\0\0\0\0"
# gRPC's answer to a health check: one message with status SERVING (1).
SERVING = b"\0\0\7\0\1\0\0\0\1" + b"\0\0\0\0\2\x08\1"


class Health(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(SETTINGS + SERVING)


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "ready", "checks": {}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def main(name: str, command: str) -> None:
    if os.environ.get("STUB_BREAKS") == f"{name} {command}":
        raise SystemExit(f"{name} does not want to {command}")
    if os.environ.get("STUB_STUBBORN") == name:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if command == "migrate":
        with Path(os.environ["STUB_MIGRATIONS"]).open("a") as file:
            file.write(f"{name} {os.environ['SOKO_DATABASE_URL'].split('/')[-1]}\n")
    elif command == "grant":
        print("granted", *sys.argv[2:])
    elif name == "gateway":
        address = (os.environ["SOKO_HTTP_HOST"], int(os.environ["SOKO_HTTP_PORT"]))
        http.server.ThreadingHTTPServer(address, Ready).serve_forever()
    else:
        path = os.environ["SOKO_GRPC_LISTEN"].removeprefix("unix:")
        socketserver.ThreadingUnixStreamServer(path, Health).serve_forever()
