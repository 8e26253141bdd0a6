"""Stripe in miniature, after its public documentation.

- Objects, calls and errors: https://docs.stripe.com/api/payment_intents, /api/refunds,
  /api/disputes, /api/balance_transactions, /api/errors, /api/pagination.
- Idempotency (the first answer of a key again, errors of its execution too; other parameters are an
  ``idempotency_error``; one under way is 409): https://docs.stripe.com/api/idempotent_requests.
- Test payment methods: https://docs.stripe.com/testing.
- Events and signatures: https://docs.stripe.com/webhooks#verify-manually.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Faults
from simulators.stripe_forms import parse_form

GOOD = "pm_card_visa"
DECLINED = "pm_card_visa_chargeDeclined"
NO_FUNDS = "pm_card_visa_chargeDeclinedInsufficientFunds"
NEEDS_3DS = "pm_card_threeDSecure2Required"
REFUND_FAILS = "pm_card_refundFail"
_DECLINE = {DECLINED: "generic_decline", NO_FUNDS: "insufficient_funds"}
_CARDS = {GOOD, DECLINED, NO_FUNDS, NEEDS_3DS, REFUND_FAILS}
_LARGEST_PAGE = 100


class _StripeError(Exception):
    """An error object of Stripe's with its HTTP status."""

    def __init__(self, status: int, kind: str, code: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message, **more}}


@dataclass
class StripeSimulator:
    """One account; its dictionaries are the truth that a test compares with."""

    secret_key: str = "sk_test_simulator"  # noqa: S105 - of the simulator
    webhook_secret: str = "whsec_simulator"  # noqa: S105 - of the simulator
    fee: int = 30
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    balance: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Ids of two simulators must not meet in one database.
        self._numbers = count(time.time_ns())
        self._keys: dict[str, tuple[str, int, dict[str, Any]]] = {}
        error = {"type": "api_error", "message": "An unknown error occurred"}
        self.faults = Faults({"error": error})
        self.app = Starlette(
            routes=[
                Route("/v1/payment_intents", self._on_intents, methods=["GET", "POST"]),
                Route("/v1/payment_intents/{id}", self._on_intent),
                Route("/v1/payment_intents/{id}/{verb}", self._on_verb, methods=["POST"]),
                Route("/v1/refunds", self._on_refunds, methods=["GET", "POST"]),
                Route("/v1/disputes", self._on_disputes),
                Route("/v1/balance_transactions", self._on_balance),
            ]
        )

    # What a test does in the place of people and banks.

    def finish_3ds(self, intent_id: str, *, succeed: bool) -> None:
        """Let the buyer pass or fail the bank's check."""
        intent = self.intents[intent_id]
        if intent["status"] != "requires_action":
            return
        intent["next_action"] = None
        if succeed:
            self._hold(intent)
        else:
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = _card_error("authentication_failed")
            self._tell("payment_intent.payment_failed", intent)

    def dispute(self, intent_id: str, *, fee: int = 1500) -> str:
        """Let the buyer's bank take the money back; return the dispute's id."""
        intent = self.intents[intent_id]
        dispute = {
            "id": self._id("dp"),
            "object": "dispute",
            "amount": intent["amount"],
            "currency": intent["currency"],
            "charge": intent["latest_charge"],
            "payment_intent": intent_id,
            "status": "needs_response",
            "created": _now(),
            "metadata": {},
            "balance_transactions": [],
        }
        self.disputes[dispute["id"]] = dispute
        line = self._move("adjustment", -intent["amount"], fee, dispute)
        dispute["balance_transactions"] = [line]
        self._tell("charge.dispute.created", dispute)
        return str(dispute["id"])

    def decide_dispute(self, dispute_id: str, status: str) -> None:
        """Decide a dispute: won or lost."""
        self.disputes[dispute_id]["status"] = status
        self._tell("charge.dispute.closed", self.disputes[dispute_id])

    def signed(self, event: Mapping[str, Any], at: int | None = None) -> tuple[bytes, str]:
        """Return an event as Stripe would send it at a time: body and ``Stripe-Signature``."""
        body = json.dumps(event, indent=2).encode()
        timestamp = _now() if at is None else at
        signature = hmac.new(
            self.webhook_secret.encode(), b"%d." % timestamp + body, hashlib.sha256
        ).hexdigest()
        return body, f"t={timestamp},v1={signature},v0=00"

    # The calls.

    async def _on_intents(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._read(request, lambda form: _page(self.intents.values(), form))
        return await self._write(request, self._create)

    async def _on_intent(self, request: Request) -> Response:
        return await self._read(request, lambda _: self._intent(request.path_params["id"]))

    async def _on_verb(self, request: Request) -> Response:
        verbs = {"capture": self._capture, "cancel": self._cancel}
        act = verbs[request.path_params["verb"]]
        return await self._write(request, lambda _: act(self._intent(request.path_params["id"])))

    async def _on_refunds(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._write(request, self._refund)
        return await self._read(request, lambda form: _page(self.refunds.values(), form))

    async def _on_disputes(self, request: Request) -> Response:
        return await self._read(request, lambda form: _page(self.disputes.values(), form))

    async def _on_balance(self, request: Request) -> Response:
        def act(form: dict[str, Any]) -> dict[str, Any]:
            page = _page(self.balance, form)
            if "data.source" not in (form.get("expand") or {}).values():
                page["data"] = [{**line, "source": line["source"]["id"]} for line in page["data"]]
            return page

        return await self._read(request, act)

    async def _read(self, request: Request, act: Any) -> Response:
        try:
            self._authorize(request)
            document = act(parse_form(request.url.query))
            if document["object"] == "list":
                document["url"] = request.url.path
            return self._answer(200, document)
        except _StripeError as error:
            return self._answer(error.status, error.body)

    async def _write(self, request: Request, act: Any) -> Response:
        body = (await request.body()).decode()
        key = request.headers.get("idempotency-key", "")
        print_ = f"{request.method} {request.url.path} {body}"

        async def run() -> Response:
            try:
                self._authorize(request)
            except _StripeError as error:
                return self._answer(error.status, error.body)
            if key in self._keys:
                known, status, document = self._keys[key]
                if known != print_:
                    message = "Keys can only be used with the parameters they were first used with"
                    reused = _StripeError(400, "idempotency_error", "", message)
                    return self._answer(400, reused.body)
                return self._answer(status, document, {"Idempotent-Replayed": "true"})
            try:
                status, document = 200, act(parse_form(body))
            except _StripeError as error:
                status, document = error.status, error.body
            document = json.loads(json.dumps(document))
            if key:
                self._keys[key] = (print_, status, document)
            return self._answer(status, document)

        return await self.faults.around(request, run)

    def _authorize(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.secret_key}":
            raise _StripeError(401, "invalid_request_error", "", "Invalid API Key provided")

    def _answer(
        self, status: int, document: Any, headers: Mapping[str, str] | None = None
    ) -> Response:
        return JSONResponse(document, status, {"Request-Id": self._id("req"), **(headers or {})})

    # What the calls do.

    def _create(self, form: dict[str, Any]) -> dict[str, Any]:
        method = form.get("payment_method", "")
        if method not in _CARDS:
            raise _StripeError(
                400,
                "invalid_request_error",
                "resource_missing",
                f"No such PaymentMethod: '{method}'",
                param="payment_method",
            )
        intent: dict[str, Any] = {
            "id": self._id("pi"),
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_capturable": 0,
            "amount_received": 0,
            "currency": form["currency"],
            "capture_method": form.get("capture_method", "automatic"),
            "created": _now(),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": form.get("metadata", {}),
            "next_action": None,
            "payment_method": method,
            "status": "requires_confirmation",
        }
        self.intents[intent["id"]] = intent
        self._tell("payment_intent.created", intent)
        if method in _DECLINE:
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = _card_error(_DECLINE[method])
            self._tell("payment_intent.payment_failed", intent)
            raise _StripeError(
                402,
                "card_error",
                "card_declined",
                "Your card was declined.",
                decline_code=_DECLINE[method],
                payment_intent=intent,
            )
        if method == NEEDS_3DS:
            intent["status"] = "requires_action"
            url = f"https://hooks.stripe.test/3d_secure_2/{intent['id']}"
            intent["next_action"] = {
                "type": "redirect_to_url",
                "redirect_to_url": {"return_url": form.get("return_url"), "url": url},
            }
            self._tell("payment_intent.requires_action", intent)
        else:
            self._hold(intent)
        return intent

    def _hold(self, intent: dict[str, Any]) -> None:
        intent["latest_charge"] = self._id("ch")
        if intent["capture_method"] == "manual":
            intent["status"] = "requires_capture"
            intent["amount_capturable"] = intent["amount"]
            self._tell("payment_intent.amount_capturable_updated", intent)
        else:
            self._take(intent)

    def _take(self, intent: dict[str, Any]) -> None:
        intent["status"] = "succeeded"
        intent["amount_capturable"], intent["amount_received"] = 0, intent["amount"]
        charge = {
            "id": intent["latest_charge"],
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"],
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": intent["metadata"],
        }
        self._move("charge", intent["amount"], self.fee, charge)
        self._tell("payment_intent.succeeded", intent)
        self._tell("charge.succeeded", charge)

    def _capture(self, intent: dict[str, Any]) -> dict[str, Any]:
        self._require(intent, "requires_capture")
        self._take(intent)
        return intent

    def _cancel(self, intent: dict[str, Any]) -> dict[str, Any]:
        self._require(intent, "requires_capture", "requires_action", "requires_payment_method")
        intent["status"], intent["amount_capturable"] = "canceled", 0
        intent["next_action"] = None
        self._tell("payment_intent.canceled", intent)
        return intent

    def _refund(self, form: dict[str, Any]) -> dict[str, Any]:
        intent = self._intent(form["payment_intent"])
        amount = int(form["amount"])
        given = [each for each in self.refunds.values() if each["payment_intent"] == intent["id"]]
        left = intent["amount_received"] - sum(
            each["amount"] for each in given if each["status"] != "failed"
        )
        if intent["status"] != "succeeded" or amount > left:
            raise _StripeError(
                400, "invalid_request_error", "charge_already_refunded", "Nothing left to refund"
            )
        fails = intent["payment_method"] == REFUND_FAILS
        refund = {
            "id": self._id("re"),
            "object": "refund",
            "amount": amount,
            "charge": intent["latest_charge"],
            "created": _now(),
            "currency": intent["currency"],
            "metadata": form.get("metadata", {}),
            "payment_intent": intent["id"],
            "status": "pending" if fails else "succeeded",
        }
        self.refunds[refund["id"]] = refund
        if not fails:
            self._move("refund", -amount, 0, refund)
        self._tell("refund.created", refund)
        return refund

    def fail_refunds(self) -> None:
        """Let refunds that are pending fail, as banks do after days."""
        for refund in self.refunds.values():
            if refund["status"] == "pending":
                refund["status"] = "failed"
                refund["failure_reason"] = "lost_or_stolen_card"
                self._tell("refund.failed", refund)

    def _intent(self, intent_id: str) -> dict[str, Any]:
        try:
            return self.intents[intent_id]
        except KeyError:
            message = f"No such payment_intent: '{intent_id}'"
            raise _StripeError(404, "invalid_request_error", "resource_missing", message) from None

    def _require(self, intent: dict[str, Any], *statuses: str) -> None:
        if intent["status"] not in statuses:
            code = "payment_intent_unexpected_state"
            raise _StripeError(
                400, "invalid_request_error", code, "Not in this status", payment_intent=intent
            )

    def _move(self, kind: str, amount: int, fee: int, source: dict[str, Any]) -> dict[str, Any]:
        line = {
            "id": self._id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "created": _now(),
            "currency": source["currency"],
            "fee": fee,
            "net": amount - fee,
            "source": dict(source),
            "type": kind,
        }
        self.balance.append(line)
        return line

    def _tell(self, kind: str, about: dict[str, Any]) -> None:
        event = {
            "id": self._id("evt"),
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": _now(),
            "data": {"object": about},
            "livemode": False,
            "pending_webhooks": 1,
            "type": kind,
        }
        self.events.append(json.loads(json.dumps(event)))

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):024}"


def _card_error(decline_code: str) -> dict[str, Any]:
    return {"type": "card_error", "code": "card_declined", "decline_code": decline_code}


def _page(found: Any, form: dict[str, Any]) -> dict[str, Any]:
    """Return a page, newest first, of what is of the intent and the time that are asked for."""
    newest = list(found)[::-1]
    if "payment_intent" in form:
        newest = [each for each in newest if each["payment_intent"] == form["payment_intent"]]
    created = form.get("created", {})
    newest = [
        each
        for each in newest
        if int(created.get("gte", 0)) <= each["created"] <= int(created.get("lte", 2**40))
        and each["created"] < int(created.get("lt", 2**40))
    ]
    if "starting_after" in form:
        ids = [each["id"] for each in newest]
        newest = newest[ids.index(form["starting_after"]) + 1 :]
    limit = min(int(form.get("limit", 10)), _LARGEST_PAGE)
    more = len(newest) > limit
    return {"object": "list", "data": newest[:limit], "has_more": more}


def _now() -> int:
    return int(time.time())
