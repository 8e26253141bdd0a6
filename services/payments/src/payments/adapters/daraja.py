"""Safaricom's Daraja: its token, its passwords and its calls, as documented.

Sources: https://developer.safaricom.co.ke/APIs (Authorization, MpesaExpressSimulate,
MpesaExpressQuery, Reversal, TransactionStatus).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from payments.adapters.json_http import Answer, JsonHttp
from payments.app.provider import ProviderAway

_NAIROBI: Final = timezone(timedelta(hours=3))
_TOKEN_SLACK_S = 60.0
_INVALID_TOKEN = "404.001.03"  # noqa: S105 - Daraja's code for it


class NotSent(ProviderAway):
    """There was no token to be had, so the call itself was never made."""


@dataclass(frozen=True, slots=True)
class DarajaAccount:
    """A PayBill and its credentials."""

    consumer_key: str
    consumer_secret: str
    short_code: str
    passkey: str
    initiator: str
    security_credential: str


class Daraja:
    """The calls; answers come back as they are, errors with their codes included."""

    def __init__(self, http: JsonHttp, account: DarajaAccount, now: Callable[[], datetime]) -> None:
        self._http = http
        self._account = account
        self._now = now
        self._token = ""
        self._token_ends = 0.0

    async def push(self, phone: str, shillings: int, reference: str, callback_url: str) -> Answer:
        """Ask a subscriber on his phone to pay (STK push)."""
        return await self._call(
            "/mpesa/stkpush/v1/processrequest",
            {
                **self._password(),
                "TransactionType": "CustomerPayBillOnline",
                "Amount": shillings,
                "PartyA": phone,
                "PartyB": self._account.short_code,
                "PhoneNumber": phone,
                "CallBackURL": callback_url,
                "AccountReference": reference,
                "TransactionDesc": "Order",
            },
        )

    async def query(self, checkout_request_id: str) -> Answer:
        """Ask what became of a push."""
        asked = {**self._password(), "CheckoutRequestID": checkout_request_id}
        return await self._call("/mpesa/stkpushquery/v1/query", asked)

    async def reverse(self, receipt: str, shillings: int, result_url: str) -> Answer:
        """Send a payment back; the result comes to ``result_url``."""
        return await self._call(
            "/mpesa/reversal/v1/request",
            {
                **self._initiated("TransactionReversal", receipt, result_url),
                "Amount": shillings,
                "ReceiverParty": self._account.short_code,
                # The field's name is spelled so by its owner; 11 is an organization's short code.
                "RecieverIdentifierType": "11",
            },
        )

    async def transaction_status(self, receipt: str, result_url: str) -> Answer:
        """Ask how a transaction stands; the result comes to ``result_url``."""
        return await self._call(
            "/mpesa/transactionstatus/v1/query",
            {
                **self._initiated("TransactionStatusQuery", receipt, result_url),
                "PartyA": self._account.short_code,
                "IdentifierType": "4",
            },
        )

    def _initiated(self, command: str, receipt: str, result_url: str) -> dict[str, Any]:
        return {
            "Initiator": self._account.initiator,
            "SecurityCredential": self._account.security_credential,
            "CommandID": command,
            "TransactionID": receipt,
            "ResultURL": result_url,
            "QueueTimeOutURL": result_url,
            "Remarks": "Refund",
            "Occasion": "",
        }

    def _password(self) -> dict[str, str]:
        timestamp = self._now().astimezone(_NAIROBI).strftime("%Y%m%d%H%M%S")
        account = self._account
        secret = f"{account.short_code}{account.passkey}{timestamp}".encode()
        return {
            "BusinessShortCode": account.short_code,
            "Password": base64.b64encode(secret).decode(),
            "Timestamp": timestamp,
        }

    async def _call(self, path: str, document: Mapping[str, Any]) -> Answer:
        """Call; again with a new token where the old one was refused, which has no effect."""
        for fresh in (False, True):
            token = await self._bearer(fresh=fresh)
            answer = await self._http.call(
                "POST", path, document, {"Authorization": f"Bearer {token}"}
            )
            if error_code(answer) != _INVALID_TOKEN:
                return answer
        return answer

    async def _bearer(self, *, fresh: bool) -> str:
        if fresh or time.monotonic() >= self._token_ends:
            account = self._account
            pair = f"{account.consumer_key}:{account.consumer_secret}".encode()
            headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            path = "/oauth/v1/generate?grant_type=client_credentials"
            try:
                answer = await self._http.call("GET", path, None, headers)
            except ProviderAway as away:
                raise NotSent(str(away)) from away
            try:
                self._token = str(answer.document["access_token"])
                lifetime_s = float(answer.document["expires_in"])
            except (KeyError, TypeError, ValueError):
                raise NotSent(f"no token: {answer.status}") from None
            self._token_ends = time.monotonic() + lifetime_s - _TOKEN_SLACK_S
        return self._token


def error_code(answer: Answer) -> str:
    """Return Daraja's own code of an error, such as 500.001.1001; empty without one."""
    found = answer.document.get("errorCode", "") if isinstance(answer.document, dict) else ""
    return str(found)
