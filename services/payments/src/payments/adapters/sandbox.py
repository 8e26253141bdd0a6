"""The sandbox provider, asked over HTTP as any other; its README has the calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from payments.adapters.json_http import Answer, JsonHttp
from payments.app.provider import (
    Capabilities,
    Movement,
    ProviderAway,
    ProviderDispute,
    ProviderPayment,
)
from payments.domain.errors import PaymentDecided, PaymentTokenInvalid
from payments.domain.payment import ProviderState

_TOKENS: Final = frozenset(
    {
        "tok_success",
        "tok_declined",
        "tok_insufficient_funds",
        "tok_timeout",
        "tok_error",
        "tok_async",
        "tok_capture_failed",
        "tok_refund_failed",
    }
)
_CAPTURES_AT_ONCE = 500
_PAGE = 5000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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

    def __init__(self, http: JsonHttp) -> None:
        self._http = http

    def check_method(self, token: str, phone: str) -> None:
        """Raise PaymentTokenInvalid for a token that is not one of the sandbox's."""
        del phone
        if token not in _TOKENS:
            raise PaymentTokenInvalid("the sandbox does not know this token")

    async def create(self, payment: ProviderPayment) -> ProviderState:
        """Authorize an amount as the token says; never answers a first tok_timeout."""
        document = {
            "attempt_id": payment.attempt_id,
            "payment_id": payment.payment_id,
            "token": payment.token,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
        }
        return _state(await self._http.call("POST", "/payments", document))

    async def find(self, payment: ProviderPayment) -> ProviderState:
        """Return what the log says of an attempt; one that only ever failed is not there."""
        return _state(await self._http.call("GET", f"/payments/{payment.attempt_id}"))

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        """Capture authorizations in full, many with one call."""
        states: dict[UUID, ProviderState] = {}
        for start in range(0, len(payments), _CAPTURES_AT_ONCE):
            ids = [payment.attempt_id for payment in payments[start : start + _CAPTURES_AT_ONCE]]
            done = _good(await self._http.call("POST", "/captures", {"attempt_ids": ids}))
            for id_ in ids:
                known = done.get(str(id_))
                states[id_] = ProviderState(**known) if known else ProviderState("not_found")
        return states

    async def void(self, payment: ProviderPayment) -> ProviderState:
        """Give an authorization back."""
        return _state(await self._http.call("POST", f"/payments/{payment.attempt_id}/void", {}))

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        """Pay back at once; failed when more is asked than was captured and not paid back."""
        document = {
            "refund_id": refund_id,
            "attempt_id": payment.attempt_id,
            "amount_minor": amount_minor,
        }
        return str(_good(await self._http.call("POST", "/refunds", document))["status"])

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        """Return succeeded, failed or not_found."""
        answer = await self._http.call("GET", f"/refunds/{refund_id}")
        return "not_found" if answer.status == 404 else str(_good(answer)["status"])

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        """Return nothing: the sandbox's buyers are content."""
        return ()

    async def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        """Give the log of a period, oldest first, page by page."""
        period = f"since_ms={_milliseconds(since)}&until_ms={_milliseconds(until)}&limit={_PAGE}"
        after = ""
        while True:
            page = _good(await self._http.call("GET", f"/report?{period}{after}"))
            if not page["movements"]:
                return
            yield [_movement(row) for row in page["movements"]]
            after = f"&after={page['after']}"

    async def decide(self, payment: ProviderPayment, *, succeed: bool) -> None:
        """Let an awaiting payment succeed or fail; PaymentDecided if it went the other way."""
        path = f"/payments/{payment.attempt_id}/decide"
        state = _state(await self._http.call("POST", path, {"succeed": succeed}))
        if state.status == "not_found":
            raise PaymentDecided("the payment does not await its buyer")
        if (state.status == "declined") is succeed:
            raise PaymentDecided("the payment was decided the other way")


def _good(answer: Answer) -> Any:
    if answer.status != 200 or not isinstance(answer.document, dict):
        raise ProviderAway(f"the sandbox answered {answer.status}")
    return answer.document


def _state(answer: Answer) -> ProviderState:
    if answer.status == 404:
        return ProviderState("not_found")
    document = _good(answer)
    return ProviderState(document["status"], document["code"])


def _movement(row: Mapping[str, Any]) -> Movement:
    refund_id = row["refund_id"]
    return Movement(
        id=str(row["id"]),
        kind=row["kind"],
        attempt_id=UUID(row["attempt_id"]),
        refund_id=UUID(refund_id) if refund_id else None,
        amount_minor=row["amount_minor"],
        fee_minor=row["fee_minor"],
        currency=row["currency"],
        at=_EPOCH + timedelta(milliseconds=row["at_ms"]),
    )


def _milliseconds(at: datetime) -> int:
    """Return the milliseconds since the epoch, rounded up: a period is half open."""
    return -((_EPOCH - at) // timedelta(milliseconds=1))
