"""Webhooks are verified as the Standard Webhooks specification signs them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from orders.domain.errors import InvalidSignature, WebhookExpired
from orders.domain.webhook_signature import SignedBody, require_signed, sign
from orders.settings import OrdersSettings
from services.orders.tests.builders import SECRET

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT = SignedBody(
    body=b'{"test": 2432232314}',
    webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp="1614265330",
    signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
"""The example of the specification's reference implementations."""
SENT_AT = datetime.fromtimestamp(1614265330, UTC)


def test_the_specification_s_example_is_signed_alike() -> None:
    assert sign(SENT.body, SENT.webhook_id, SENT.timestamp, WEBHOOK_SECRET) == SENT.signature
    require_signed(SENT, WEBHOOK_SECRET, SENT_AT)


def test_one_good_signature_of_several_is_enough() -> None:
    rotated = replace(SENT, signature=f"v1,b2xk {SENT.signature} v1a,bmV3")
    require_signed(rotated, WEBHOOK_SECRET, SENT_AT + timedelta(minutes=5))


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b'{"test": 2432232315}'},
        {"webhook_id": "msg_other"},
        {"webhook_id": ""},
        {"timestamp": "1614265331"},
        {"timestamp": "now"},
        {"timestamp": ""},
        {"signature": ""},
        {"signature": "v1,"},
        {"signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF="},
        {"signature": "é"},
    ],
)
def test_anything_else_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        require_signed(replace(SENT, **changes), WEBHOOK_SECRET, SENT_AT)


def test_a_time_that_is_no_number_is_refused_although_it_is_signed() -> None:
    for timestamp in ("soon", "²", "-1", "9" * 40):
        signature = sign(SENT.body, SENT.webhook_id, timestamp, WEBHOOK_SECRET)
        with pytest.raises((InvalidSignature, WebhookExpired)):
            require_signed(
                replace(SENT, timestamp=timestamp, signature=signature), WEBHOOK_SECRET, SENT_AT
            )


@pytest.mark.parametrize("away", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_or_an_early_one_is_refused(away: timedelta) -> None:
    with pytest.raises(WebhookExpired):
        require_signed(SENT, WEBHOOK_SECRET, SENT_AT + away)


def test_carriers_secrets_are_read_and_checked() -> None:
    secrets = f"Posta={WEBHOOK_SECRET}, dhl={WEBHOOK_SECRET},"
    settings = OrdersSettings(secret=SECRET, carrier_secrets=secrets)
    assert settings.secrets_of_carriers == {"posta": WEBHOOK_SECRET, "dhl": WEBHOOK_SECRET}
    assert OrdersSettings(secret=SECRET).secrets_of_carriers == {}
    for wrong in ("posta", "=whsec_aaaa", "posta=whsec_not base64"):
        with pytest.raises(ValidationError):
            OrdersSettings(secret=SECRET, carrier_secrets=wrong)
