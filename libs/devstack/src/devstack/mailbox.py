"""The mails that the embedded stack sent, as the sink stored them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """A mail that arrived."""

    number: int
    received_at: str
    sender: str
    to: tuple[str, ...]
    """All who got it, those in blind copy too."""
    subject: str
    text: str
    """Its plain part; empty when it has none."""
    html: str
    kinds: tuple[str, ...]
    """The media types of its parts."""

    def as_json(self) -> dict[str, object]:
        """Return it for ``json.dumps``."""
        return asdict(self)


def mails(folder: Path) -> list[Mail]:
    """Return the mails that arrived, the newest last."""
    numbers = sorted(int(path.stem) for path in folder.glob("*.eml") if path.stem.isdigit())
    return [read_mail(folder, number) for number in numbers]


def read_mail(folder: Path, number: int) -> Mail:
    """Return a mail by its number; raises FileNotFoundError."""
    content = _path(folder, number).read_bytes()
    message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    return Mail(
        number=number,
        received_at=str(message["X-Received-At"] or ""),
        sender=str(message["From"] or message["X-Envelope-From"] or ""),
        to=tuple(str(message["X-Envelope-To"] or "").replace(",", " ").split()),
        subject=str(message["Subject"] or ""),
        text=_content(message.get_body(("plain",))),
        html=_content(message.get_body(("html",))),
        kinds=tuple(p.get_content_type() for p in message.walk() if not p.is_multipart()),
    )


def mail_text(folder: Path, number: int) -> str:
    """Return a mail's main headers and its text, for people; raises FileNotFoundError."""
    mail = read_mail(folder, number)
    text = mail.text or _without_tags(mail.html)
    return (
        f"From:    {mail.sender}\nTo:      {', '.join(mail.to)}\nDate:    {mail.received_at}\n"
        f"Subject: {mail.subject}\nParts:   {', '.join(mail.kinds)}\n\n{text.strip()}\n"
    )


def mail_source(folder: Path, number: int) -> str:
    """Return a mail as it came over the wire; raises FileNotFoundError."""
    return _path(folder, number).read_text(errors="replace")


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.eml"


def _content(part: object) -> str:
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _without_tags(html: str) -> str:
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", " ", html))
