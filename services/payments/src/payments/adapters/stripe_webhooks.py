"""Stripe's webhooks: https://docs.stripe.com/webhooks (signatures, event objects)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import stripe

from payments.app.webhooks import ProviderEvent, Webhook
from payments.domain.errors import SignatureExpired, SignatureInvalid, WebhookMalformed

_TOLERANCE = timedelta(minutes=5)
_LONGEST_ID = 255


class StripeWebhooks:
    """Knows Stripe's signature: HMAC-SHA256 over ``timestamp.body`` by the endpoint's secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, webhook: Webhook, now: datetime) -> ProviderEvent:
        """Return what an event is about; SignatureInvalid, SignatureExpired, WebhookMalformed."""
        header = webhook.headers.get("stripe-signature", "")
        try:
            stripe.WebhookSignature.verify_header(webhook.body, header, self._secret)
        except (stripe.SignatureVerificationError, ValueError):
            raise SignatureInvalid("the signature is not Stripe's") from None
        if abs(now - _signed_at(header)) > _TOLERANCE:
            raise SignatureExpired("the webhook is more than five minutes old")
        try:
            event = orjson.loads(webhook.body)
            event_id, kind, about = event["id"], event["type"], event["data"]["object"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise WebhookMalformed("this is no event of Stripe's") from None
        texts = isinstance(event_id, str) and isinstance(kind, str) and isinstance(about, dict)
        if not texts or not 0 < len(event_id) <= _LONGEST_ID:
            raise WebhookMalformed("this is no event of Stripe's")
        return ProviderEvent(event_id, kind, _attempt_id(about), _reference(about))


def _signed_at(header: str) -> datetime:
    """Return the signature's time; the signature itself has been found good."""
    timestamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    try:
        return datetime.fromtimestamp(int(timestamps[0]), UTC)
    except (OverflowError, ValueError, OSError):
        raise SignatureExpired("the webhook is of another age") from None


def _attempt_id(about: Mapping[str, Any]) -> UUID | None:
    metadata = about.get("metadata")
    if isinstance(metadata, dict):
        with contextlib.suppress(ValueError):
            return UUID(str(metadata.get("attempt_id", "")))
    return None


def _reference(about: Mapping[str, Any]) -> str:
    """Return the intent's id: of itself, or of what a charge, refund or dispute belongs to."""
    found = about.get("id") if about.get("object") == "payment_intent" else None
    found = found or about.get("payment_intent")
    return found if isinstance(found, str) and len(found) <= _LONGEST_ID else ""
