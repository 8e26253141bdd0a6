"""A real SMTP server whose answers a test can choose."""

from __future__ import annotations

import socket
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class MailServer:
    """Keeps what it accepts; ``answers`` and ``recipient_answers`` are used up one by one."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.answers: deque[str] = deque()
        self.recipient_answers: deque[str] = deque()
        self.attempts: list[EmailMessage] = []
        self.accepted: list[EmailMessage] = []
        self.connections: set[int] = set()
        self._controller: Any = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.connections.add(session.peer[1])
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.attempts.append(message)
        answer = self.answers.popleft() if self.answers else "250 OK"
        if answer.startswith("250"):
            self.accepted.append(message)
        return answer
