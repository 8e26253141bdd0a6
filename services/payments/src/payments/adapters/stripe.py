"""Stripe, by its official SDK: PaymentIntents, refunds, disputes and its balance transactions.

Our ids travel in the metadata and as idempotency keys. Sources, Stripe's API reference:
https://docs.stripe.com/api/payment_intents, /api/refunds, /api/disputes, /api/idempotent_requests,
/api/errors; the life of an intent: https://docs.stripe.com/payments/paymentintents/lifecycle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import stripe
from stripe import StripeClient

from payments.adapters.stripe_amounts import from_stripe, to_stripe
from payments.adapters.stripe_report import movements, noted
from payments.app.provider import (
    Capabilities,
    Movement,
    ProviderAway,
    ProviderDispute,
    ProviderPayment,
)
from payments.domain.errors import PaymentTokenInvalid
from payments.domain.payment import ProviderState

T = TypeVar("T")
_LONGEST_TOKEN = 255
_AT_ONCE = 8
_PAGE = 100
_SLACK = timedelta(minutes=5)
"""How far Stripe's clock and ours may be apart."""
_LATEST_CREATE = timedelta(hours=24)
"""Stripe forgets an idempotency key after that; nobody sends an attempt so late."""
_STATUS: Final[Mapping[str, str]] = {
    "requires_capture": "authorized",
    "succeeded": "captured",
    "processing": "pending",
    "requires_action": "pending",
    "requires_confirmation": "pending",
    "requires_payment_method": "declined",
    "canceled": "voided",
}
_REFUND_STATUS: Final[Mapping[str, str]] = {
    "succeeded": "succeeded",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "failed",
}
_DISPUTE_STATUS: Final[Mapping[str, str]] = {
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
}
"""Inquiries (``warning_...``) move no money and are left out."""


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """How to reach one's account at Stripe."""

    secret_key: str
    api_base: str
    """Stripe's address; another one only for a simulator."""
    return_url: str
    """Where a bank sends the buyer back to after 3-D Secure."""
    manual_capture: bool = True
    """Whether money is held first and taken when told; otherwise it is taken at once."""


class StripeProvider:
    """Cards and whatever else the account has switched on."""

    name: Final = "stripe"
    next_action_type: Final = "redirect"

    def __init__(self, account: StripeAccount) -> None:
        self._account = account
        stripe.enable_telemetry = False
        self._http = stripe.AIOHTTPClient(timeout=30)
        self._client = StripeClient(
            account.secret_key,
            base_addresses={"api": account.api_base},
            # Retries are the guard's.
            max_network_retries=0,
            http_client=self._http,
        )
        self._places = asyncio.Semaphore(_AT_ONCE)
        self.capabilities = Capabilities(
            separate_capture=account.manual_capture,
            idempotent_create=True,
            void=True,
            partial_refund=True,
            multi_capture=False,
            authorization_ttl_s=7 * 24 * 3600.0,
            pending_ttl_s=24 * 3600.0,
            amount_step=1,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    def check_method(self, token: str, phone: str) -> None:
        """Raise PaymentTokenInvalid for what cannot be the id of a payment method."""
        del phone
        plain = token.isascii() and token.replace("_", "").isalnum()
        if not token.startswith("pm_") or not plain or len(token) > _LONGEST_TOKEN:
            raise PaymentTokenInvalid("a payment method of Stripe's begins with pm_")

    async def create(self, payment: ProviderPayment) -> ProviderState:
        """Create and confirm an intent; a card that is refused is an answer, not an error."""
        call = self._client.v1.payment_intents.create_async(
            {
                "amount": to_stripe(payment.amount_minor, payment.currency),
                "currency": payment.currency.lower(),
                "payment_method": payment.token,
                "confirm": True,
                "capture_method": "manual" if self._account.manual_capture else "automatic",
                "return_url": self._account.return_url,
                "metadata": {
                    "attempt_id": str(payment.attempt_id),
                    "payment_id": str(payment.payment_id),
                },
            },
            {"idempotency_key": f"create-{payment.attempt_id}"},
        )
        try:
            return _state(await _answered(call))
        except stripe.CardError as error:
            return _declined(error)
        except stripe.InvalidRequestError:
            # Refused before anything was done: an unknown method, an amount that is too small.
            return ProviderState("failed", "declined")

    async def find(self, payment: ProviderPayment) -> ProviderState:
        """Return how an intent stands; without its id, look for ours among those of that day."""
        if payment.reference:
            call = self._client.v1.payment_intents.retrieve_async(payment.reference)
            try:
                return _state(await _answered(call))
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    return ProviderState("not_found")
                raise ProviderAway(str(error.code)) from error
        return await self._search(payment)

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        """Capture intents in full, a few at once; those without an answer are left out."""

        async def one(payment: ProviderPayment) -> ProviderState | ProviderAway:
            async with self._places:
                try:
                    return await self._capture(payment)
                except ProviderAway as away:
                    return away

        answers = await asyncio.gather(*(one(payment) for payment in payments))
        states = {
            payment.attempt_id: answer
            for payment, answer in zip(payments, answers, strict=True)
            if isinstance(answer, ProviderState)
        }
        if payments and not states:
            raise ProviderAway("no capture was answered")
        return states

    async def void(self, payment: ProviderPayment) -> ProviderState:
        """Cancel an intent, also one that still awaits its buyer."""
        reference = await self._reference(payment)
        if not reference:
            return ProviderState("not_found")
        call = self._client.v1.payment_intents.cancel_async(
            reference, {}, {"idempotency_key": f"void-{payment.attempt_id}"}
        )
        return await self._as_it_stands(call, reference)

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        """Pay back; a refund that Stripe refuses has failed."""
        reference = await self._reference(payment)
        if not reference:
            return "failed"
        call = self._client.v1.refunds.create_async(
            {
                "payment_intent": reference,
                "amount": to_stripe(amount_minor, payment.currency),
                "metadata": {
                    "refund_id": str(refund_id),
                    "attempt_id": str(payment.attempt_id),
                },
            },
            {"idempotency_key": f"refund-{refund_id}"},
        )
        try:
            return _REFUND_STATUS.get((await _answered(call)).status or "", "pending")
        except (stripe.InvalidRequestError, stripe.CardError):
            return "failed"

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        """Return how a refund stands, by our id in its metadata."""
        reference = await self._reference(payment)
        if not reference:
            return "not_found"
        page = await _answered(
            self._client.v1.refunds.list_async({"payment_intent": reference, "limit": _PAGE})
        )
        while True:
            for refund in page.data:
                if noted(refund, "refund_id") == str(refund_id):
                    return _REFUND_STATUS.get(refund.status or "", "pending")
            if not page.has_more:
                return "not_found"
            page = await _answered(page.next_page_async())

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        """Return the disputes that moved money, oldest first."""
        reference = await self._reference(payment)
        if not reference:
            return ()
        page = await _answered(
            self._client.v1.disputes.list_async({"payment_intent": reference, "limit": _PAGE})
        )
        found = [
            ProviderDispute(
                id=dispute.id,
                status=_DISPUTE_STATUS[dispute.status],
                amount_minor=from_stripe(dispute.amount, payment.currency),
                fee_minor=sum(line.fee for line in dispute.balance_transactions),
                opened_at=datetime.fromtimestamp(dispute.created, UTC),
            )
            for dispute in page.data
            if dispute.status in _DISPUTE_STATUS
        ]
        return sorted(found, key=lambda each: each.opened_at)

    def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        """Give the account's balance transactions of a period, page by page, newest first."""
        return movements(self._client, since, until)

    async def _capture(self, payment: ProviderPayment) -> ProviderState:
        reference = await self._reference(payment)
        if not reference:
            return ProviderState("not_found")
        call = self._client.v1.payment_intents.capture_async(
            reference, {}, {"idempotency_key": f"capture-{payment.attempt_id}"}
        )
        return await self._as_it_stands(call, reference)

    async def _as_it_stands(
        self, call: Awaitable[stripe.PaymentIntent], reference: str
    ) -> ProviderState:
        """Return the intent after a call, or as it is when that call came too late for it."""
        try:
            return _state(await _answered(call))
        except (stripe.InvalidRequestError, stripe.CardError):
            again = self._client.v1.payment_intents.retrieve_async(reference)
            try:
                return _state(await _answered(again))
            except stripe.InvalidRequestError as error:
                raise ProviderAway(str(error.code)) from error

    async def _reference(self, payment: ProviderPayment) -> str:
        return payment.reference or (await self._search(payment)).reference

    async def _search(self, payment: ProviderPayment) -> ProviderState:
        """Look through all intents of the day; Stripe's own search lags, and its list does not."""
        since = payment.created_at - _SLACK
        page = await _answered(
            self._client.v1.payment_intents.list_async(
                {
                    "created": {
                        "gte": int(since.timestamp()),
                        "lte": int((since + _LATEST_CREATE).timestamp()),
                    },
                    "limit": _PAGE,
                }
            )
        )
        while True:
            for intent in page.data:
                if noted(intent, "attempt_id") == str(payment.attempt_id):
                    return _state(intent)
            if not page.has_more:
                return ProviderState("not_found")
            page = await _answered(page.next_page_async())


async def _answered(call: Awaitable[T]) -> T:
    """Return Stripe's answer.

    Raises ProviderAway when there is none, CardError and InvalidRequestError when it is a refusal.
    """
    try:
        return await call
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except stripe.StripeError as error:
        raise ProviderAway(f"{type(error).__name__}: {error.http_status}") from error


def _state(intent: stripe.PaymentIntent) -> ProviderState:
    url = ""
    if intent.next_action is not None and intent.next_action.redirect_to_url is not None:
        url = intent.next_action.redirect_to_url.url or ""
    status = _STATUS.get(intent.status, "pending")
    code = ""
    if status == "declined":
        error = intent.last_payment_error
        code = _reason(error.decline_code if error else None)
    return ProviderState(status, code, reference=intent.id, action_url=url)


def _declined(error: stripe.CardError) -> ProviderState:
    body: Any = error.json_body or {}
    details = body.get("error", {})
    intent = details.get("payment_intent") or {}
    return ProviderState(
        "declined", _reason(details.get("decline_code")), reference=str(intent.get("id", ""))
    )


def _reason(decline_code: str | None) -> str:
    return "insufficient_funds" if decline_code == "insufficient_funds" else "declined"
