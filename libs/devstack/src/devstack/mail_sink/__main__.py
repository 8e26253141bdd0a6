"""``python -m devstack.mail_sink HOST:PORT FOLDER``: takes every mail and keeps it as a file."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_LARGEST_BYTES = 10 * 1024 * 1024
_KEPT = 2000
"""Older mails go, so that a load test does not fill the disk."""


class Sink:
    """Stores each mail as ``<number>.eml`` with its envelope in two headers on top."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = max((int(path.stem) for path in folder.glob("[0-9]*.eml")), default=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store a mail; the method's name is aiosmtpd's."""
        self._number += 1
        content = envelope.content or b""
        if isinstance(content, str):
            content = content.encode()
        head = (
            f"X-Envelope-From: {envelope.mail_from or ''}\r\n"
            f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
            f"X-Received-At: {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\r\n"
        )
        path = self._folder / f"{self._number:06}.eml"
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(head.encode() + content)
        unfinished.rename(path)
        (self._folder / f"{self._number - _KEPT:06}.eml").unlink(missing_ok=True)
        return "250 OK"


async def serve(host: str, port: int, folder: Path) -> None:
    """Take mail until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sink = Sink(folder)

    def connection() -> SMTP:
        return SMTP(
            sink,
            hostname="localhost",
            ident="soko mail sink",
            data_size_limit=_LARGEST_BYTES,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    server = await loop.create_server(connection, host, port)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    address_host, _, address_port = sys.argv[1].rpartition(":")
    asyncio.run(serve(address_host, int(address_port), Path(sys.argv[2])))
