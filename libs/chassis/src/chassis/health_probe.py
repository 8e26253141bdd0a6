"""Whether a process serves: one question, one answer, no client library.

Containers are asked every few seconds, and importing gRPC's library costs a hundred times what the
question does; the embedded stack's supervisor forks, which that library does not survive. So gRPC's
health check is spoken here by hand: HTTP/2 with prior knowledge (RFC 9113), header fields as HPACK
literals (RFC 7541, section 6.2.2), ``grpc.health.v1.Health/Check``.

``python -m chassis.health_probe`` asks the process of this container: a service where
SOKO_PROBE_LISTEN says, the gateway where SOKO_HTTP_PORT does. It ends with 1 if it does not serve.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from dataclasses import dataclass

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x7
_END_STREAM, _END_HEADERS = 0x1, 0x4
_SERVING = b"\x08\x01"
"""HealthCheckResponse with status SERVING, as protobuf writes it."""


def grpc_serves(address: str, timeout_s: float = 0.5) -> bool:
    """Ask a gRPC server in plain text whether it serves; silence means no.

    ``address`` is ``unix:PATH`` or ``HOST:PORT``.
    """
    try:
        with _connected(address, timeout_s) as connection:
            connection.sendall(_question())
            return _answer(connection)
    except OSError:
        return False


def http_serves(address: str, path: str = "/health", timeout_s: float = 0.5) -> bool:
    """Ask an HTTP server at ``unix:PATH`` or ``HOST:PORT`` for a path; all but 200 means no."""
    try:
        with _connected(address, timeout_s) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


@dataclass(frozen=True)
class Readiness:
    """What the gateway says of itself and of what is behind it."""

    status: str
    """ready, degraded, starting, draining; empty when nobody answered."""
    ailing: tuple[str, ...] = ()
    """The names of failed checks, with details."""


def gateway_readiness(host: str, port: int, timeout_s: float = 2.0) -> Readiness:
    """Ask ``/readyz``; http.client would bring OpenSSL, a third of the supervisor's memory."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(f"GET /readyz HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
            received = b""
            # HTTP/1.0 (RFC 1945): the answer ends with the connection.
            while part := connection.recv(65536):
                received += part
        answer = json.loads(received.partition(b"\r\n\r\n")[2])
        ailing = [
            f"{name}: {check.get('detail') or 'away'}"
            for name, check in answer.get("checks", {}).items()
            if not check.get("ok")
        ]
        return Readiness(str(answer.get("status", "")), tuple(ailing))
    except (OSError, ValueError, AttributeError):
        return Readiness("")


def _own_process_serves() -> bool:
    """Ask the process that shares our network and our environment."""
    probes = os.environ.get("SOKO_PROBE_LISTEN")
    if probes:
        return grpc_serves(f"127.0.0.1:{probes.rpartition(':')[2]}", timeout_s=2.0)
    port = os.environ.get("SOKO_HTTP_PORT", "8000")
    return http_serves(f"127.0.0.1:{port}", "/livez", timeout_s=2.0)


def _connected(address: str, timeout_s: float) -> socket.socket:
    if not address.startswith("unix:"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=timeout_s)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(timeout_s)
        connection.connect(address.removeprefix("unix:"))
    except OSError:
        connection.close()
        raise
    return connection


def _question() -> bytes:
    fields = b"".join(
        [
            b"\x83\x86",  # :method POST, :scheme http
            b"\x04" + _text(b"/grpc.health.v1.Health/Check"),
            b"\x01" + _text(b"localhost"),
            b"\x0f\x10" + _text(b"application/grpc"),
            b"\x00" + _text(b"te") + _text(b"trailers"),
        ]
    )
    empty_message = b"\x00" + struct.pack(">I", 0)
    return (
        _PREFACE
        + _frame(_SETTINGS, 0, 0, b"")
        + _frame(_HEADERS, _END_HEADERS, 1, fields)
        + _frame(_DATA, _END_STREAM, 1, empty_message)
    )


def _answer(connection: socket.socket) -> bool:
    message = b""
    while True:
        header = _exactly(connection, 9)
        length = int.from_bytes(header[:3], "big")
        kind, flags = header[3], header[4]
        payload = _exactly(connection, length)
        if kind == _DATA:
            message += payload
            if len(message) >= 5 and len(message) >= 5 + int.from_bytes(message[1:5], "big"):
                return message[5:] == _SERVING
        elif kind in (_RST_STREAM, _GOAWAY) or (kind == _HEADERS and flags & _END_STREAM):
            return False


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise ConnectionResetError
        received += part
    return received


def _text(value: bytes) -> bytes:
    return bytes([len(value)]) + value


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


if __name__ == "__main__":
    sys.exit(0 if _own_process_serves() else 1)
