"""Daraja's callbacks: it signs none, so their addresses are what nobody else can know.

Each address carries our ids, until when it is good, and an HMAC-SHA256 over both. Shapes:
https://developer.safaricom.co.ke/APIs (MpesaExpressSimulate, Reversal, TransactionStatus: results).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson

from payments.app.webhooks import ProviderEvent, Webhook
from payments.domain.errors import SignatureExpired, SignatureInvalid, WebhookMalformed

PUSH: Final = "push"
REVERSAL: Final = "reversal"
REVERSAL_SENT: Final = "reversal_sent"
STATUS: Final = "status"
_GOOD_FOR = timedelta(days=3)
_LONGEST_TEXT = 100


class CallbackUrls:
    """Makes the addresses of callbacks, and knows them again."""

    def __init__(self, public_url: str, secret: str, *accepted: str) -> None:
        """Sign with a secret; addresses that others signed, a former secret, are good as well."""
        self._base = f"{public_url.rstrip('/')}/v1/webhooks/payments/mpesa"
        self._keys = [
            hmac.digest(each.encode(), b"mpesa callbacks", hashlib.sha256)
            for each in (secret, *accepted)
        ]

    def of_push(self, attempt_id: UUID, now: datetime) -> str:
        """Return where the outcome of a push is told."""
        return self._url({"kind": PUSH, "attempt": str(attempt_id)}, now)

    def of_reversal(self, attempt_id: UUID, refund_id: UUID, now: datetime) -> str:
        """Return where the outcome of a reversal is told."""
        ids = {"attempt": str(attempt_id), "refund": str(refund_id)}
        return self._url({"kind": REVERSAL, **ids}, now)

    def of_status(self, attempt_id: UUID, refund_id: UUID, now: datetime) -> str:
        """Return where the status of a transaction is told."""
        ids = {"attempt": str(attempt_id), "refund": str(refund_id)}
        return self._url({"kind": STATUS, **ids}, now)

    def verify(self, webhook: Webhook, now: datetime) -> ProviderEvent:
        """Return what a callback is about; SignatureInvalid, SignatureExpired, WebhookMalformed."""
        query = dict(webhook.query)
        given = query.pop("mac", "").encode()
        wanted = (_mac(key, query) for key in self._keys)
        if not any(hmac.compare_digest(given, each.encode()) for each in wanted):
            raise SignatureInvalid("the address is not one of ours")
        if datetime.fromtimestamp(int(query["until"]), UTC) < now:
            raise SignatureExpired("the address is too old")
        try:
            body = orjson.loads(webhook.body)
            if query["kind"] == PUSH:
                return _push(query, body["Body"]["stkCallback"])
            return _result(query, body["Result"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise WebhookMalformed("this is no callback of Daraja's") from None

    def _url(self, query: Mapping[str, str], now: datetime) -> str:
        whole = {**query, "until": str(int((now + _GOOD_FOR).timestamp()))}
        return f"{self._base}?{urlencode({**whole, 'mac': _mac(self._keys[0], whole)})}"


def _mac(key: bytes, query: Mapping[str, str]) -> str:
    text = orjson.dumps(sorted(query.items()))
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _push(query: Mapping[str, str], told: Mapping[str, Any]) -> ProviderEvent:
    reference = _text(told["CheckoutRequestID"])
    code = _text(told["ResultCode"])
    items = told.get("CallbackMetadata", {}).get("Item", [])
    values = {item["Name"]: item.get("Value") for item in items}
    details = {"checkout_request_id": reference, "result_code": code}
    if receipt := values.get("MpesaReceiptNumber"):
        details["receipt"] = _text(receipt)
    return ProviderEvent(
        f"{PUSH}:{reference}:{code}", PUSH, UUID(query["attempt"]), reference, details
    )


def _result(query: Mapping[str, str], told: Mapping[str, Any]) -> ProviderEvent:
    kind, conversation = query["kind"], _text(told["ConversationID"])
    details = {"refund_id": query["refund"], "result_code": _text(told["ResultCode"])}
    parameters = told.get("ResultParameters", {}).get("ResultParameter", [])
    for parameter in parameters if isinstance(parameters, list) else [parameters]:
        if parameter["Key"] == "TransactionStatus":
            details["status"] = _text(parameter.get("Value", ""))
    return ProviderEvent(f"{kind}:{conversation}", kind, UUID(query["attempt"]), "", details)


def _text(value: object) -> str:
    """Return a code or an id: Daraja writes numbers now as text, now as numbers."""
    text = str(value)
    if not isinstance(value, str | int) or not 0 <= len(text) <= _LONGEST_TEXT:
        raise TypeError("neither text nor number")
    return text
