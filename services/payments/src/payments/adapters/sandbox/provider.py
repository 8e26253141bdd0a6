"""The sandbox provider: its tokens decide how it behaves, good and bad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from payments.adapters.sandbox.log import LoggedPayment, SandboxLog
from payments.app.provider import (
    Capabilities,
    Movement,
    ProviderAway,
    ProviderDispute,
    ProviderPayment,
)
from payments.domain.errors import PaymentDecided, PaymentTokenInvalid
from payments.domain.payment import ProviderState

ERRORS_BEFORE_RECOVERY: Final = 2
"""How often tok_error answers with a server error before it works."""

_BEHAVIOUR: Final[Mapping[str, tuple[str, str]]] = {
    "tok_success": ("authorized", ""),
    "tok_declined": ("declined", "declined"),
    "tok_insufficient_funds": ("declined", "insufficient_funds"),
    "tok_timeout": ("authorized", ""),
    "tok_error": ("erroring", ""),
    "tok_async": ("pending", ""),
}
"""What each token writes into the log at first: status and code."""


class SandboxProvider:
    """A provider that always knows afterwards what it did, even when it did not say so.

    It cannot withdraw a payment that awaits its buyer, like most who ask on the phone: such a one
    may still succeed after we lost interest.
    """

    name: Final = "sandbox"
    next_action_type: Final = "sandbox"
    capabilities: Final = Capabilities(
        separate_capture=True,
        idempotent_create=True,
        void=True,
        partial_refund=True,
        multi_capture=False,
        authorization_ttl_s=None,
        pending_ttl_s=24 * 3600.0,
        amount_step=1,
    )

    def __init__(self, log: SandboxLog) -> None:
        self._log = log

    def check_method(self, token: str, phone: str) -> None:
        """Raise PaymentTokenInvalid for a token that is not one of the sandbox's."""
        del phone
        if token not in _BEHAVIOUR:
            raise PaymentTokenInvalid("the sandbox does not know this token")

    async def create(self, payment: ProviderPayment) -> ProviderState:
        """Authorize an amount as the token says; never answers a first tok_timeout."""
        logged = await self._log.create(payment, *_BEHAVIOUR[payment.token])
        if logged.status == "erroring":
            raise ProviderAway("the sandbox answered 500")
        if payment.token == "tok_timeout" and logged.calls == 1:  # noqa: S105 - not a secret
            await asyncio.Event().wait()
        return _state(logged)

    async def find(self, payment: ProviderPayment) -> ProviderState:
        """Return what the log says of an attempt; one that only ever failed is not there."""
        return _state(await self._log.find(payment.attempt_id))

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        """Capture authorizations in full, all in one statement."""
        attempt_ids = [payment.attempt_id for payment in payments]
        logged = await self._log.advance(attempt_ids, "authorized", "captured")
        return {attempt_id: _state(logged.get(attempt_id)) for attempt_id in attempt_ids}

    async def void(self, payment: ProviderPayment) -> ProviderState:
        """Give an authorization back."""
        logged = await self._log.advance([payment.attempt_id], "authorized", "voided")
        return _state(logged.get(payment.attempt_id))

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        """Pay back at once; failed when more is asked than was captured and not paid back."""
        return await self._log.refund(payment.attempt_id, refund_id, amount_minor)

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        """Return succeeded, failed or not_found."""
        return await self._log.find_refund(refund_id) or "not_found"

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        """Return nothing: the sandbox's buyers are content."""
        return ()

    async def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        """Give the captures and refunds of a period, one page of each."""
        for page in await self._log.movements(since, until):
            yield [Movement(**row) for row in page]

    async def decide(self, payment: ProviderPayment, *, succeed: bool) -> None:
        """Let an awaiting payment succeed or fail; PaymentDecided if it went the other way."""
        wanted, code = ("authorized", "") if succeed else ("declined", "declined")
        attempt_id = payment.attempt_id
        logged = (await self._log.advance([attempt_id], "pending", wanted, code)).get(attempt_id)
        if logged is None or logged.status == "erroring":
            raise PaymentDecided("the payment does not await its buyer")
        if (logged.status == "declined") is succeed:
            raise PaymentDecided("the payment was decided the other way")


def _state(logged: LoggedPayment | None) -> ProviderState:
    if logged is None or logged.status == "erroring":
        return ProviderState("not_found")
    return ProviderState(logged.status, logged.code)
