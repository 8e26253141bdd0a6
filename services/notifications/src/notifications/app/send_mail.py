"""Sends one mail that was claimed for an attempt."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import Clock
from chassis.failpoints import failpoint
from notifications.app.ports import (
    ContactReader,
    DeliveryQueue,
    MailRenderer,
    MailTransport,
    OrderReader,
)
from notifications.domain import deliveries, locales
from notifications.domain.deliveries import Delivery, RetryPolicy
from notifications.domain.errors import MailNotAccepted, MailRefused, SubjectUnavailable
from notifications.domain.mail import Amount, Contact, MailOrder, MailSubject


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Limits of one attempt."""

    sender_domain: str
    retry: RetryPolicy
    attempt_timeout_s: float = 30.0
    """Everything that an attempt does has to fit in, or else the lease would run out under it."""


class SendMail:
    """Takes a claimed delivery as far as it goes.

    The attempt is counted and committed before anything is sent and the success is written right
    after the server accepted the mail: delivered at least once, and twice only if the process dies,
    or the answer is lost, in between. Both copies then carry the same Message-ID.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        orders: OrderReader,
        contacts: ContactReader,
        renderer: Callable[[], MailRenderer],
        transport: MailTransport,
        clock: Clock,
        settings: MailSettings,
    ) -> None:
        self._queue = queue
        self._orders = orders
        self._contacts = contacts
        self._renderer = renderer
        self._transport = transport
        self._clock = clock
        self._settings = settings

    async def __call__(self, delivery: Delivery) -> str:
        """Try once and return the delivery's status after it."""
        if delivery.attempts > self._settings.retry.max_attempts:
            return await self._bury(delivery, "attempts ended without an answer")
        try:
            async with asyncio.timeout(self._settings.attempt_timeout_s):
                await self._attempt(delivery)
        except MailRefused as error:
            return await self._bury(delivery, str(error))
        except (MailNotAccepted, SubjectUnavailable) as error:
            return await self._again(delivery, str(error))
        except TimeoutError:
            return await self._again(delivery, "timeout")
        failpoint("mail.after_send")
        await self._queue.succeed(delivery.id, self._clock.now())
        return deliveries.SUCCEEDED

    async def _attempt(self, delivery: Delivery) -> None:
        order = await self._orders.read(delivery.order_id)
        contact = await self._contact(order)
        recipient = order.email or (contact.email if contact else "")
        if not recipient:
            raise MailRefused("no address")
        mail = self._renderer().render(_subject(delivery, order, contact))
        message_id = deliveries.message_id(delivery.id, self._settings.sender_domain)
        failpoint("mail.before_send")
        await self._transport.send(recipient, mail, message_id)

    async def _contact(self, order: MailOrder) -> Contact | None:
        if not order.account_id or (order.email and order.locale):
            return None
        return await self._contacts.read(order.account_id)

    async def _again(self, delivery: Delivery, error: str) -> str:
        if self._settings.retry.exhausted(delivery.attempts):
            return await self._bury(delivery, error)
        delay_s = self._settings.retry.delay_s(delivery.attempts, random.random())  # noqa: S311 - chance only
        await self._queue.retry(delivery, self._clock.now() + timedelta(seconds=delay_s), error)
        return deliveries.PENDING

    async def _bury(self, delivery: Delivery, error: str) -> str:
        await self._queue.bury(delivery, self._clock.now(), error)
        return deliveries.DEAD


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
