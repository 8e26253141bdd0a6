"""Hands mails to an SMTP server over connections that stay open between mails.

Importing this module loads aiosmtplib and the standard library's email package, so that it happens
with the first mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from email.utils import parseaddr

import aiosmtplib

from notifications.adapters.mime import mail_address, mime_bytes
from notifications.adapters.smtp_server import SmtpServer
from notifications.domain.errors import MailNotAccepted, MailRefused
from notifications.domain.mail import RenderedMail

_IDLE_S = 20.0
"""Servers hang up on idle clients after a while; we do before that."""
_PERMANENT = range(500, 600)
_CREDENTIALS = frozenset({530, 534, 535, 538})
"""Refusals for want of credentials (RFC 4954, 4): the operator's to mend, not the mail's."""


class SmtpTransport:
    """MailTransport that keeps at most ``connections`` open."""

    def __init__(
        self, server: SmtpServer, sender: str, *, connections: int, timeout_s: float = 10.0
    ) -> None:
        self._server = server
        self._sender = sender
        self._sender_address = parseaddr(sender)[1]
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []

    async def send(self, recipient: str, mail: RenderedMail, message_id: str) -> None:
        """Send one mail and return once the server has accepted it.

        Raises MailRefused for a permanent refusal (5xx) of this mail or its recipient, and
        MailNotAccepted for anything else; words of the server, which may quote the address, stay
        out of both.
        """
        try:
            address = mail_address(recipient)
            content = mime_bytes(self._sender, address, mail, message_id)
            async with self._connection() as client:
                await client.sendmail(self._sender_address, [address], content)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0].code) from error
        except aiosmtplib.SMTPDataError as error:
            raise _refusal(error.code) from error
        except aiosmtplib.SMTPResponseException as error:
            # A refused greeting, login or sender is ours to mend; the mail is as good as before.
            raise MailNotAccepted(f"smtp {type(error).__name__} {error.code}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotAccepted(f"smtp: {type(error).__name__}") from error
        except ValueError as error:
            raise MailRefused("address or content cannot be sent") from error

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Lend a connection; after an error other than a clean refusal it is closed, not kept."""
        async with self._slots:
            client = self._take() or await self._connect()
            try:
                yield client
            except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused):
                await self._give_back(client)
                raise
            except BaseException:
                client.close()
                raise
            await self._give_back(client)

    def _take(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            since, client = self._idle.pop()
            if client.is_connected and time.monotonic() - since < _IDLE_S:
                return client
            client.close()
        return None

    async def _give_back(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            self._idle.append((time.monotonic(), client))
        else:
            client.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",
            local_hostname=self._sender_address.rpartition("@")[2],
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client

    async def close_idle(self) -> None:
        """Close connections that nobody used for a while."""
        now = time.monotonic()
        kept = [(since, client) for since, client in self._idle if now - since < _IDLE_S]
        stale = [client for since, client in self._idle if now - since >= _IDLE_S]
        self._idle = kept
        for client in stale:
            await _quit(client)

    async def close(self) -> None:
        """Close all connections that are not in use."""
        idle, self._idle = self._idle, []
        for _, client in idle:
            await _quit(client)


async def _quit(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=1.0)
    client.close()


def _refusal(code: int) -> MailRefused | MailNotAccepted:
    final = code in _PERMANENT and code not in _CREDENTIALS
    return MailRefused(f"smtp {code}") if final else MailNotAccepted(f"smtp {code}")
