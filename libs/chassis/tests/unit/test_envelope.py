from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chassis.envelope import Envelope, UnreadableEventError, parse, subject
from chassis.ids import new_id
from chassis.retention import oldest_id_since

EVENT = Envelope(
    id=UUID(int=5),
    name="order_placed",
    source="/soko/orders",
    time=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    aggregate_id="ord_1",
    sequence=3,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data=b"\x01\x02",
)


@pytest.mark.parametrize("event", [EVENT, replace(EVENT, traceparent="")])
def test_an_event_is_read_as_it_was_written(event: Envelope) -> None:
    assert parse(event.headers("orders", "any"), event.data) == event


def test_the_type_is_the_subject() -> None:
    headers = EVENT.headers("orders", "message-1")
    assert headers["ce-type"] == subject("orders", "order_placed") == "soko.orders.order_placed.v1"
    assert headers["Nats-Msg-Id"] == "message-1"
    assert headers["ce-specversion"] == "1.0"


@pytest.mark.parametrize(
    "broken",
    [{"ce-id": "x"}, {"ce-type": "soko"}, {"ce-time": "noon"}, {"ce-sequence": "first"}],
)
def test_a_message_with_a_broken_attribute_is_unreadable(broken: dict[str, str]) -> None:
    with pytest.raises(UnreadableEventError):
        parse(EVENT.headers("orders", "any") | broken, b"")


def test_a_message_without_headers_is_unreadable() -> None:
    with pytest.raises(UnreadableEventError):
        parse(None, b"")


def test_ids_of_earlier_moments_are_less() -> None:
    now = datetime.now(UTC)
    earlier, later = now - timedelta(seconds=1), now + timedelta(seconds=1)
    assert oldest_id_since(earlier) < new_id() < oldest_id_since(later)
