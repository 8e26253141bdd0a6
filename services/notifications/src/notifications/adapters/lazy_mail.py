"""The SMTP transport, loaded with the first mail, because most processes of a fleet idle."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from notifications.adapters.mime import mail_address
from notifications.adapters.smtp_server import SmtpServer
from notifications.domain.mail import RenderedMail

if TYPE_CHECKING:
    from notifications.adapters.smtp import SmtpTransport


class LazySmtpTransport:
    """MailTransport that constructs the real one when it is needed."""

    def __init__(self, url: str, sender: str, connections: int) -> None:
        """Check the settings; raises ValueError for a wrong URL or sender."""
        self._server = SmtpServer.of_url(url)
        mail_address(parseaddr(sender)[1])
        self._sender = sender
        self._connections = connections
        self._transport: SmtpTransport | None = None

    async def send(self, recipient: str, mail: RenderedMail, message_id: str) -> None:
        """Send one mail; see SmtpTransport."""
        if self._transport is None:
            from notifications.adapters.smtp import SmtpTransport

            self._transport = SmtpTransport(
                self._server, self._sender, connections=self._connections
            )
        await self._transport.send(recipient, mail, message_id)

    async def close_idle(self) -> None:
        """Close connections that nobody used for a while."""
        if self._transport is not None:
            await self._transport.close_idle()

    async def close(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.close()
