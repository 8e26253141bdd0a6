"""The mails that the embedded stack sent, as the sink stored them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class MailSummary:
    """One line of the list."""

    number: int
    received_at: str
    sender: str
    to: str
    subject: str

    def as_json(self) -> dict[str, object]:
        """Return it for ``json.dumps``."""
        return asdict(self)


def mails(folder: Path) -> list[MailSummary]:
    """Return the mails that arrived, the newest last."""
    numbers = sorted(int(path.stem) for path in folder.glob("*.eml") if path.stem.isdigit())
    return [_summary(number, _read(folder, number)) for number in numbers]


def mail_text(folder: Path, number: int) -> str:
    """Return a mail's main headers and its text, for people; raises FileNotFoundError."""
    message = _read(folder, number)
    summary = _summary(number, message)
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    text = _content(plain) if plain is not None else _without_tags(_content(html))
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    return (
        f"From:    {summary.sender}\nTo:      {summary.to}\nDate:    {summary.received_at}\n"
        f"Subject: {summary.subject}\nParts:   {', '.join(kinds)}\n\n{text.strip()}\n"
    )


def mail_source(folder: Path, number: int) -> str:
    """Return a mail as it came over the wire; raises FileNotFoundError."""
    return (folder / f"{number:06}.eml").read_text(errors="replace")


def _read(folder: Path, number: int) -> EmailMessage:
    content = (folder / f"{number:06}.eml").read_bytes()
    return message_from_bytes(content, _class=EmailMessage, policy=policy.default)


def _summary(number: int, message: EmailMessage) -> MailSummary:
    return MailSummary(
        number=number,
        received_at=str(message["X-Received-At"] or ""),
        sender=str(message["From"] or message["X-Envelope-From"] or ""),
        to=str(message["To"] or message["X-Envelope-To"] or ""),
        subject=str(message["Subject"] or ""),
    )


def _content(part: object) -> str:
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _without_tags(html: str) -> str:
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", " ", html))
