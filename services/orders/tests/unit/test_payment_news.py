"""Payments' events as their golden samples hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.protobuf import json_format

from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.ids import new_id, parse_id
from orders.domain.outcomes import PaymentNews
from orders.domain.statuses import PAYMENT
from orders.entrypoints.event_consumer import PAYMENT_EVENTS, payment_news
from services.orders.tests.builders import an_id
from soko.events.v1 import payments_pb2

SAMPLES = Path(__file__).parents[4] / "tests" / "contract" / "events"


def envelope(name: str, data: bytes) -> Envelope:
    return Envelope(new_id(), name, "/soko/payments", datetime.now(UTC), "pay_1", 1, "", data)


def sample(name: str) -> bytes:
    words = "".join(part.title() for part in name.split("_"))
    message = getattr(payments_pb2, words)()
    text = (SAMPLES / f"soko.payments.{name}.v1.json").read_text()
    return json_format.Parse(text, message).SerializeToString()


@pytest.mark.parametrize("name", PAYMENT_EVENTS)
def test_every_event_tells_an_order_and_a_status(name: str) -> None:
    news = payment_news(envelope(name, sample(name)))
    parse_id("ord", news.order_id)
    parse_id("pay", news.payment_id)
    assert news.status in PAYMENT
    assert bool(news.reason) == (name == "payment_failed")


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="unreadable"):
        payment_news(envelope("payment_captured", b"\xff\xff"))
    with pytest.raises(ServiceError):
        payment_news(envelope("payment_captured", b""))


def test_the_news_is_what_the_event_says() -> None:
    order_id, payment_id = an_id("ord"), an_id("pay")
    state = payments_pb2.PaymentState(payment_id=payment_id, order_id=order_id, status="failed")
    message = payments_pb2.PaymentFailed(payment=state, reason="expired")
    news = payment_news(envelope("payment_failed", message.SerializeToString()))
    assert news == PaymentNews(order_id, payment_id, "failed", "expired", 1)
