"""The gateway's command line: ``serve`` and ``openapi``."""

from __future__ import annotations

import json
import os
import socket
import sys

_USAGE = "usage: python -m gateway serve | openapi"


def main(arguments: list[str]) -> int:
    """Run a command; return the exit code."""
    if arguments == ["serve"]:
        return _serve()
    if arguments == ["openapi"]:
        return _openapi()
    sys.stderr.write(_USAGE + "\n")
    return 2


def _serve() -> int:
    workers = _number("HTTP_WORKERS", min(4, os.cpu_count() or 1))
    if workers < 2:
        from gateway.supervisor import bind

        _work(bind(_text("HTTP_HOST", "127.0.0.1"), _number("HTTP_PORT", 8000), shared=False))
        return 0
    # The parent reads what it needs itself: importing the settings would cost it 40 MiB.
    from gateway.supervisor import Supervisor

    grace_s = _number("DRAIN_DELAY_S", 0) + _number("DRAIN_S", 8)
    supervisor = Supervisor(_work, grace_s)
    return supervisor.run(
        _text("HTTP_HOST", "127.0.0.1"), _number("HTTP_PORT", 8000), min(workers, 64)
    )


def _work(sock: socket.socket) -> None:
    from chassis.process import load_settings
    from gateway.server import serve
    from gateway.settings import GatewaySettings

    serve(load_settings(GatewaySettings), sock)


def _openapi() -> int:
    from gateway.app import create_application
    from gateway.openapi import build_openapi
    from gateway.settings import GatewaySettings

    settings = GatewaySettings(secret="-" * 32, sandbox_enabled=True)
    document = build_openapi(create_application(settings))
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    return 0


def _text(name: str, default: str) -> str:
    return os.environ.get("SOKO_" + name, "") or default


def _number(name: str, default: int) -> int:
    text = _text(name, str(default))
    if not text.isdigit():
        raise SystemExit(f"SOKO_{name}: {text!r} is no number")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
