"""Sends one mail that was claimed for an attempt."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import Clock
from chassis.failpoints import failpoint
from chassis.telemetry import call_span
from notifications.app.compose_mail import ComposeMail
from notifications.app.ports import DeliveryQueue, MailTransport
from notifications.domain import deliveries
from notifications.domain.deliveries import Delivery, RetryPolicy
from notifications.domain.errors import (
    MailNotAccepted,
    MailNotWanted,
    MailRefused,
    SubjectUnavailable,
)


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
        compose: ComposeMail,
        transport: MailTransport,
        clock: Clock,
        settings: MailSettings,
    ) -> None:
        self._queue = queue
        self._compose = compose
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
        except MailNotWanted:
            await self._queue.drop(delivery)
            return deliveries.DROPPED
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
        composed = await self._compose(delivery)
        message_id = deliveries.message_id(delivery.id, self._settings.sender_domain)
        failpoint("mail.before_send")
        with call_span("smtp send", {}):
            await self._transport.send(composed.recipient, composed.mail, message_id)

    async def _again(self, delivery: Delivery, error: str) -> str:
        if self._settings.retry.exhausted(delivery.attempts):
            return await self._bury(delivery, error)
        delay_s = self._settings.retry.delay_s(delivery.attempts, random.random())  # noqa: S311 - chance only
        await self._queue.retry(delivery, self._clock.now() + timedelta(seconds=delay_s), error)
        return deliveries.PENDING

    async def _bury(self, delivery: Delivery, error: str) -> str:
        await self._queue.bury(delivery, self._clock.now(), error)
        return deliveries.DEAD
