"""Puts the mail of a claimed delivery together, with what its owners say at this moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from notifications.app.ports import ContactReader, LinkMinter, MailRenderer, OrderReader
from notifications.domain import locales
from notifications.domain.deliveries import Delivery
from notifications.domain.errors import MailNotWanted
from notifications.domain.mail import (
    Amount,
    Contact,
    LinkSubject,
    MailOrder,
    MailSubject,
    RenderedMail,
)
from notifications.domain.notices import CREDENTIAL_MAILS, LINK_MAILS


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail and whom it goes to."""

    recipient: str
    mail: RenderedMail


class ComposeMail:
    """Asks for contact data and secrets when a mail is made; none of them is stored here."""

    def __init__(
        self,
        orders: OrderReader,
        contacts: ContactReader,
        links: LinkMinter,
        renderer: Callable[[], MailRenderer],
        links_url: str,
    ) -> None:
        """``links_url`` is the address under which the shop takes mailed links."""
        self._orders = orders
        self._contacts = contacts
        self._links = links
        self._renderer = renderer
        self._links_url = links_url.rstrip("/")

    async def __call__(self, delivery: Delivery) -> ComposedMail:
        """Return the mail.

        Raises MailNotWanted if nobody is to get it any more, SubjectUnavailable if a peer is away.
        """
        if delivery.kind in LINK_MAILS:
            return await self._link_mail(delivery)
        if delivery.kind in CREDENTIAL_MAILS:
            return await self._warning(delivery)
        order = await self._orders.read(delivery.order_id)
        contact = await self._contact(order)
        recipient = order.email or (contact.email if contact else "")
        if not recipient:
            # Every order has an address until its buyer is forgotten.
            raise MailNotWanted
        subject = _subject(delivery, order, contact)
        return ComposedMail(recipient, self._renderer().render(subject))

    async def _link_mail(self, delivery: Delivery) -> ComposedMail:
        link = await self._links.mint(str(delivery.params["request_id"]))
        if link is None:
            raise MailNotWanted
        # Behind the #, where no server and no log sees it.
        url = f"{self._links_url}/{LINK_MAILS[delivery.kind]}#token={link.token}"
        subject = LinkSubject(
            kind=delivery.kind,
            locale=locales.choose(link.locale),
            url=url,
            life=link.life,
        )
        return ComposedMail(link.email, self._renderer().render_link(subject))

    async def _warning(self, delivery: Delivery) -> ComposedMail:
        contact = await self._contacts.read(delivery.account_id)
        if contact is None:
            raise MailNotWanted
        locale = locales.choose(contact.locale)
        return ComposedMail(contact.email, self._renderer().render_warning(delivery.kind, locale))

    async def _contact(self, order: MailOrder) -> Contact | None:
        if not order.account_id or (order.email and order.locale):
            return None
        return await self._contacts.read(order.account_id)


def _subject(delivery: Delivery, order: MailOrder, contact: Contact | None) -> MailSubject:
    address = order.shipping_address
    refund = None
    if "amount_minor" in delivery.params:
        minor = int(str(delivery.params["amount_minor"]))
        refund = Amount(minor, str(delivery.params["currency"]))
    return MailSubject(
        kind=delivery.kind,
        locale=locales.choose(order.locale, contact.locale if contact else ""),
        name=(contact.name if contact else "") or (address.name if address else ""),
        order=order,
        refund=refund,
        parcel=str(delivery.params.get("parcel", "")),
    )
