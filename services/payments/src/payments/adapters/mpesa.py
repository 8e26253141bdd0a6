"""M-Pesa: the buyer confirms on the phone, and the money is ours at once.

Nothing may be sent twice, and a push is known by Daraja's id alone: when the answer to a push is
lost, its callback brings that id. Every callback's address carries our ids under a signature; a
callback is verified by asking for the push's status. See payments.adapters.daraja for the sources.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from payments.adapters.daraja import Daraja, NotSent, error_code
from payments.adapters.json_http import Answer
from payments.adapters.mpesa_callbacks import (
    REVERSAL,
    REVERSAL_SENT,
    STATUS,
    CallbackUrls,
)
from payments.app.provider import (
    Capabilities,
    Movement,
    NoReport,
    ProviderAway,
    ProviderDispute,
    ProviderPayment,
)
from payments.app.webhooks import ProviderEvent, ProviderEvents
from payments.domain.errors import PaymentTokenInvalid
from payments.domain.payment import ProviderState

CENTS_PER_SHILLING: Final = 100
_PHONE = re.compile(r"(?:\+?254|0)([17]\d{8})")
_BUSY = "500.001.1001"
"""A push: the subscriber has another prompt open. A query: the push is under way."""
_RESULTS: Final[Mapping[str, ProviderState]] = {
    "0": ProviderState("captured"),
    "1": ProviderState("declined", "insufficient_funds"),
    "1001": ProviderState("declined", "subscriber_busy"),
    "1019": ProviderState("declined", "expired"),
    "1025": ProviderState("declined", "push_failed"),
    "1031": ProviderState("declined", "cancelled"),
    "1032": ProviderState("declined", "cancelled"),
    "1036": ProviderState("declined", "unreachable"),
    "1037": ProviderState("declined", "unreachable"),
    "2001": ProviderState("declined", "wrong_pin"),
    "4999": ProviderState("pending"),
    "9999": ProviderState("declined", "push_failed"),
}
"""Result codes of a push. One that is not here is no answer: it must not be taken for a no."""


class MpesaProvider:
    """Payments and whole reversals in shillings."""

    name: Final = "mpesa"
    next_action_type: Final = "stk_push"
    capabilities: Final = Capabilities(
        separate_capture=False,
        idempotent_create=False,
        void=False,
        partial_refund=False,
        multi_capture=False,
        authorization_ttl_s=None,
        pending_ttl_s=24 * 3600.0,
        amount_step=CENTS_PER_SHILLING,
    )

    def __init__(
        self,
        daraja: Daraja,
        urls: CallbackUrls,
        events: ProviderEvents,
        now: Callable[[], datetime],
    ) -> None:
        self._daraja = daraja
        self._urls = urls
        self._events = events
        self._now = now

    def check_method(self, token: str, phone: str) -> None:
        """Raise PaymentTokenInvalid for what is no Kenyan mobile number."""
        del token
        if not _PHONE.fullmatch(phone):
            raise PaymentTokenInvalid("M-Pesa needs a Kenyan mobile number: +254...")

    async def create(self, payment: ProviderPayment) -> ProviderState:
        """Send the prompt to the buyer's phone; the outcome comes later."""
        number = _PHONE.fullmatch(payment.phone)
        if number is None:
            raise AssertionError("check_method lets no other number pass")
        shillings = payment.amount_minor // CENTS_PER_SHILLING
        try:
            answer = await self._daraja.push(
                f"254{number[1]}",
                shillings,
                # Twelve characters is all that fits; a person reads them on the phone.
                payment.payment_id.hex[-12:],
                self._urls.of_push(payment.attempt_id, self._now()),
            )
        except NotSent:
            return ProviderState("failed", "provider_unavailable")
        if _accepted(answer):
            return ProviderState("pending", reference=str(answer.document["CheckoutRequestID"]))
        if answer.status < 500 or error_code(answer) == _BUSY:
            return ProviderState("failed", error_code(answer) or "declined")
        raise ProviderAway(f"Daraja answered {answer.status}")

    async def find(self, payment: ProviderPayment) -> ProviderState:
        """Ask what became of a push; without its id it awaits the callback that brings it."""
        reference = payment.reference or await self._reference_told(payment)
        if not reference:
            return ProviderState("pending")
        answer = await self._daraja.query(reference)
        if error_code(answer) == _BUSY:
            return ProviderState("pending", reference=reference)
        document = answer.document if isinstance(answer.document, dict) else {}
        result = _RESULTS.get(str(document.get("ResultCode", "")))
        if result is None:
            raise ProviderAway(f"Daraja answered {answer.status} {document.get('ResultCode')}")
        return ProviderState(result.status, result.code, reference=reference)

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        """Say how each stands: a payment that succeeded is captured."""
        return {payment.attempt_id: await self.find(payment) for payment in payments}

    async def void(self, payment: ProviderPayment) -> ProviderState:
        """Say how it stands: a prompt cannot be called back."""
        return await self.find(payment)

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        """Reverse a payment, once: that it is sent is written down before it is."""
        receipt = await self._receipt(payment)
        if not receipt or amount_minor != payment.amount_minor:
            return "failed" if receipt else "not_found"
        mark = ProviderEvent(
            f"{REVERSAL_SENT}:{refund_id}",
            REVERSAL_SENT,
            payment.attempt_id,
            payment.reference,
            {"refund_id": str(refund_id)},
        )
        if not await self._events.add(self.name, mark, self._now()):
            return "pending"
        url = self._urls.of_reversal(payment.attempt_id, refund_id, self._now())
        try:
            answer = await self._daraja.reverse(receipt, amount_minor // CENTS_PER_SHILLING, url)
        except NotSent:
            return "failed"
        if not _accepted(answer) and answer.status < 500:
            return "failed"
        return "pending"

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        """Return what the reversal's result said.

        While there is none, ask how the payment itself stands: one that is reversed says so.
        """
        events = await self._events.of_attempt(self.name, payment.attempt_id)
        mine = [each for each in events if each.details.get("refund_id") == str(refund_id)]
        for event in mine:
            if event.kind == REVERSAL:
                return "succeeded" if event.details["result_code"] == "0" else "failed"
            if event.kind == STATUS and event.details.get("status") == "Reversed":
                return "succeeded"
        if not mine:
            return "not_found"
        if receipt := await self._receipt(payment):
            url = self._urls.of_status(payment.attempt_id, refund_id, self._now())
            await self._daraja.transaction_status(receipt, url)
        return "pending"

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        """Return nothing: M-Pesa knows reversals only."""
        return ()

    def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        """Raise NoReport: statements come from the organization's portal."""
        raise NoReport("M-Pesa's statements come from its portal")

    async def _receipt(self, payment: ProviderPayment) -> str:
        return await self._told(payment, "receipt")

    async def _reference_told(self, payment: ProviderPayment) -> str:
        return await self._told(payment, "checkout_request_id")

    async def _told(self, payment: ProviderPayment, name: str) -> str:
        """Return what a callback told of a payment, or an empty text."""
        for event in await self._events.of_attempt(self.name, payment.attempt_id):
            if value := event.details.get(name):
                return str(value)
        return ""


def _accepted(answer: Answer) -> bool:
    document: Any = answer.document
    return answer.status == 200 and isinstance(document, dict) and _code(document) == "0"


def _code(document: Mapping[str, Any]) -> str:
    return str(document.get("ResponseCode", ""))
