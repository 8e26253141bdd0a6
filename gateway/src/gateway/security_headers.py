"""What every answer says of itself to browsers."""

from __future__ import annotations

from starlette.types import Message

ON_EVERY_ANSWER = b"x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n"
"""Lines that are sent with each status line; see http_protocol.py."""

POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""An answer of the API is no page: nothing in it is to run, and nobody is to frame it."""

_OWN_ORIGIN = (b"cross-origin-resource-policy", b"same-origin")
FOR_ANYBODY = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""For what pages of other origins show, such as pictures."""

_STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")


def default_headers(public_url: str) -> list[tuple[str, str]]:
    """Return what the server adds to each answer: HSTS (RFC 6797) where people come by HTTPS."""
    return [_STRICT_TRANSPORT] if public_url.lower().startswith("https://") else []


def guard(message: Message) -> None:
    """Add the policies of an API's answer to one that has none of its own."""
    headers = message["headers"]
    known = {name for name, _ in headers}
    headers.extend(header for header in (POLICY, _OWN_ORIGIN) if header[0] not in known)
