"""Safaricom's Daraja in miniature, after https://developer.safaricom.co.ke/APIs.

Authorization (token), MpesaExpressSimulate (STK push and its callback), MpesaExpressQuery,
Reversal and TransactionStatus (asynchronous results). Result codes of a push: 0 paid, 1 balance too
low, 1032 cancelled, 1037 no answer, 2001 wrong PIN, 1019 expired. It knows no idempotency: what is
sent twice is asked of the subscriber twice.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Faults

DESCRIPTIONS = {
    "0": "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "1019": "Transaction expired. No MO has been received",
    "1032": "Request cancelled by user",
    "1037": "DS timeout user cannot be reached",
    "2001": "The initiator information is invalid.",
}


@dataclass
class Push:
    """A prompt on a subscriber's phone."""

    checkout_request_id: str
    merchant_request_id: str
    phone: str
    amount: int
    callback_url: str
    result_code: str = ""
    """Empty while the subscriber thinks."""
    receipt: str = ""
    reversed: bool = False


@dataclass
class Callback:
    """What Daraja would post, and where."""

    url: str
    body: dict[str, Any]


@dataclass
class DarajaSimulator:
    """One PayBill; its lists are the truth that a test compares with."""

    consumer_key: str = "key"
    consumer_secret: str = "secret"  # noqa: S105 - of the simulator
    short_code: str = "174379"
    passkey: str = "passkey"
    pushes: list[Push] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    reversals_fail: bool = False
    tells_of_reversals: bool = True
    reversals: int = 0
    """How many were asked for."""
    tokens: int = 0
    """How many were given out; the last one is good."""

    def __post_init__(self) -> None:
        # Ids of two simulators must not meet in one database.
        self._numbers = count(time.time_ns())
        message = "Service is currently unreachable. Please try again later."
        self.faults = Faults({"requestId": "r", "errorCode": "500.003.02", "errorMessage": message})
        self.app = Starlette(
            routes=[
                Route("/oauth/v1/generate", self._token),
                Route("/mpesa/stkpush/v1/processrequest", self._on_push, methods=["POST"]),
                Route("/mpesa/stkpushquery/v1/query", self._on_query, methods=["POST"]),
                Route("/mpesa/reversal/v1/request", self._on_reversal, methods=["POST"]),
                Route("/mpesa/transactionstatus/v1/query", self._on_status, methods=["POST"]),
            ]
        )

    # What a test does in the place of subscribers.

    def answer(self, push: Push, code: str) -> None:
        """Let a subscriber pay (0) or not, once; the callback says so."""
        if push.result_code:
            return
        push.result_code = code
        told: dict[str, Any] = {
            "MerchantRequestID": push.merchant_request_id,
            "CheckoutRequestID": push.checkout_request_id,
            "ResultCode": int(code),
            "ResultDesc": DESCRIPTIONS.get(code, "Failed"),
        }
        if code == "0":
            push.receipt = f"RKL{next(self._numbers):07}"
            told["CallbackMetadata"] = {
                "Item": [
                    {"Name": "Amount", "Value": float(push.amount)},
                    {"Name": "MpesaReceiptNumber", "Value": push.receipt},
                    {"Name": "Balance"},
                    {"Name": "TransactionDate", "Value": 20261120120000},
                    {"Name": "PhoneNumber", "Value": int(push.phone)},
                ]
            }
        self.callbacks.append(Callback(push.callback_url, {"Body": {"stkCallback": told}}))

    def forget_token(self) -> None:
        """Let the token that was given out run out before its time."""
        self.tokens += 1

    # The calls.

    async def _token(self, request: Request) -> Response:
        pair = base64.b64encode(f"{self.consumer_key}:{self.consumer_secret}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return _error(400, "400.008.01", "Invalid Authentication passed")
        self.tokens += 1
        return JSONResponse({"access_token": f"token-{self.tokens}", "expires_in": "3599"})

    async def _on_push(self, request: Request) -> Response:
        async def act() -> Response:
            body = await request.json()
            if refusal := self._refusal(request, body):
                return refusal
            if not str(body["PhoneNumber"]).startswith("254") or len(body["PhoneNumber"]) != 12:
                return _error(400, "400.002.02", "Bad Request - Invalid PhoneNumber")
            if not isinstance(body["Amount"], int) or body["Amount"] < 1:
                return _error(400, "400.002.02", "Bad Request - Invalid Amount")
            number = next(self._numbers)
            push = Push(
                f"ws_CO_20112026120000{number:09}",
                f"29115-{number}-1",
                body["PhoneNumber"],
                body["Amount"],
                body["CallBackURL"],
            )
            self.pushes.append(push)
            return JSONResponse(
                {
                    "MerchantRequestID": push.merchant_request_id,
                    "CheckoutRequestID": push.checkout_request_id,
                    "ResponseCode": "0",
                    "ResponseDescription": "Success. Request accepted for processing",
                    "CustomerMessage": "Success. Request accepted for processing",
                }
            )

        return await self.faults.around(request, act)

    async def _on_query(self, request: Request) -> Response:
        body = await request.json()
        if refusal := self._refusal(request, body):
            return refusal
        wanted = body["CheckoutRequestID"]
        push = next((each for each in self.pushes if each.checkout_request_id == wanted), None)
        if push is None:
            return _error(400, "400.002.02", "Bad Request - Invalid CheckoutRequestID")
        if not push.result_code:
            return _error(500, "500.001.1001", "The transaction is being processed")
        return JSONResponse(
            {
                "ResponseCode": "0",
                "ResponseDescription": "The service request has been accepted successsfully",
                "MerchantRequestID": push.merchant_request_id,
                "CheckoutRequestID": push.checkout_request_id,
                "ResultCode": push.result_code,
                "ResultDesc": DESCRIPTIONS.get(push.result_code, "Failed"),
            }
        )

    async def _on_reversal(self, request: Request) -> Response:
        async def act() -> Response:
            body = await request.json()
            if refusal := self._refusal(request):
                return refusal
            self.reversals += 1
            push = self._paid(body["TransactionID"])
            works = push is not None and not push.reversed and not self.reversals_fail
            if works and push is not None:
                push.reversed = True
            code, text = (0, DESCRIPTIONS["0"]) if works else (21, "Could not be reversed")
            if self.tells_of_reversals:
                self._result(body["ResultURL"], code, text, [])
            return self._taken()

        return await self.faults.around(request, act)

    async def _on_status(self, request: Request) -> Response:
        body = await request.json()
        if refusal := self._refusal(request):
            return refusal
        push = self._paid(body["TransactionID"])
        if push is None:
            self._result(body["ResultURL"], 2001, "Unknown transaction", [])
        else:
            status = "Reversed" if push.reversed else "Completed"
            parameters: list[dict[str, Any]] = [
                {"Key": "ReceiptNo", "Value": push.receipt},
                {"Key": "TransactionStatus", "Value": status},
                {"Key": "Amount", "Value": push.amount},
            ]
            self._result(body["ResultURL"], 0, DESCRIPTIONS["0"], parameters)
        return self._taken()

    def _paid(self, receipt: str) -> Push | None:
        return next((each for each in self.pushes if receipt and each.receipt == receipt), None)

    def _result(self, url: str, code: int, text: str, parameters: list[dict[str, Any]]) -> None:
        number = next(self._numbers)
        result: dict[str, Any] = {
            "ResultType": 0,
            "ResultCode": code,
            "ResultDesc": text,
            "OriginatorConversationID": f"10571-{number}-1",
            "ConversationID": f"AG_20261120_{number:020}",
            "TransactionID": f"RKX{number:07}",
        }
        if parameters:
            result["ResultParameters"] = {"ResultParameter": parameters}
        self.callbacks.append(Callback(url, {"Result": result}))

    def _taken(self) -> Response:
        number = next(self._numbers)
        return JSONResponse(
            {
                "OriginatorConversationID": f"10571-{number}-1",
                "ConversationID": f"AG_20261120_{number:020}",
                "ResponseCode": "0",
                "ResponseDescription": "Accept the service request successfully.",
            }
        )

    def _refusal(self, request: Request, body: dict[str, Any] | None = None) -> Response | None:
        if request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return _error(404, "404.001.03", "Invalid Access Token")
        if body is not None:
            text = f"{self.short_code}{self.passkey}{body['Timestamp']}"
            if body["Password"] != base64.b64encode(text.encode()).decode():
                return _error(500, "500.001.1001", "Wrong credentials")
        return None


def _error(status: int, code: str, message: str) -> Response:
    document = {"requestId": "r", "errorCode": code, "errorMessage": message}
    return JSONResponse(document, status)
