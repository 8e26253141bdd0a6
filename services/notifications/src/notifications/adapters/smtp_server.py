"""The address of a mail server, checked when the process starts."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SCHEMES = ("smtp", "smtps", "smtp+starttls")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in.

    ``smtp`` never encrypts (for a relay on the same machine or a trusted network),
    ``smtp+starttls`` insists on STARTTLS and ``smtps`` speaks TLS from the first byte.
    """

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def of_url(cls, url: str) -> SmtpServer:
        """Return the server of ``scheme://[user:password@]host[:port]``; raise ValueError else."""
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"a mail server's URL starts with one of {', '.join(_SCHEMES)}")
        default = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}[parts.scheme]
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or default,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )
