"""Addresses of M-Pesa's callbacks through a change of the secret."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import orjson
import pytest

from payments.adapters.mpesa_callbacks import CallbackUrls
from payments.app.webhooks import Webhook
from payments.domain.errors import SignatureInvalid

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FORMER, NEW = "f" * 32, "n" * 32
TOLD = {"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_1", "ResultCode": 0}}}


def called(url: str) -> Webhook:
    query = dict(parse_qsl(urlsplit(url).query))
    return Webhook(orjson.dumps(TOLD), {}, query)


def test_an_address_outlives_a_change_of_the_secret_while_the_former_one_is_accepted() -> None:
    attempt = uuid4()
    given_before = called(CallbackUrls("https://shop.test", FORMER).of_push(attempt, NOW))
    changed = CallbackUrls("https://shop.test", NEW, FORMER)
    assert changed.verify(given_before, NOW).attempt_id == attempt
    given_after = called(changed.of_push(attempt, NOW))
    assert CallbackUrls("https://shop.test", NEW).verify(given_after, NOW).attempt_id == attempt
    with pytest.raises(SignatureInvalid):
        CallbackUrls("https://shop.test", NEW).verify(given_before, NOW)
