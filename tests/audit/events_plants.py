"""Violations of what is said of events, mail and accounts."""

from __future__ import annotations

from tests.audit.planting import (
    ORDER,
    Maker,
    lit,
    plant,
    sid,
)
from tests.audit.population import CAPTURED, CONFIRMED, an_id

EVENTS: tuple[Maker, ...] = (
    lambda b: plant(
        "event_that_is_missing_in_the_middle",
        "orders",
        f"DELETE FROM outbox WHERE id = {lit(CONFIRMED, b.sold)}",
        found={
            ("event_sequences", f"ord_{b.sold}"),
            ("events_delivered", sid(CONFIRMED, b.sold, "evt")),
        },
    ),
    lambda b: plant(
        "event_that_nobody_publishes",
        "payments",
        f"UPDATE outbox SET published_at = NULL WHERE id = {lit(CAPTURED, b.sold)}",
        orders=(f"DELETE FROM inbox WHERE event_id = {lit(CAPTURED, b.sold)}",),
        found={("events_published", sid(CAPTURED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "event_that_orders_never_heard",
        "orders",
        f"DELETE FROM inbox WHERE event_id = {lit(CAPTURED, b.sold)}",
        found={("events_delivered", sid(CAPTURED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "event_that_notifications_never_heard",
        "notifications",
        f"DELETE FROM inbox WHERE event_id = {lit(CONFIRMED, b.sold)}",
        found={("events_delivered", sid(CONFIRMED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "event_that_nobody_told",
        "notifications",
        f"INSERT INTO inbox (event_id) VALUES ({lit(CONFIRMED, b.refused)})",
        found={("events_delivered", sid(CONFIRMED, b.refused, "evt"))},
    ),
    lambda b: plant(
        "event_that_was_given_up",
        "orders",
        f"DELETE FROM inbox WHERE event_id = {lit(CAPTURED, b.sold)}",
        "INSERT INTO dead_letter (event_id, context, name, source, aggregate_id, sequence,"
        " traceparent, occurred_at, payload, error, deliveries)"
        f" VALUES ({lit(CAPTURED, b.sold)}, 'payments', 'payment_captured', '', 'pay', 1, '',"
        " now(), '', 'ValueError: unreadable', 8)",
        found={("events_handled", sid(CAPTURED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "mail_that_nobody_sends",
        "notifications",
        "UPDATE mail_delivery SET status = 'pending', settled_at = NULL"
        f" WHERE order_id = {lit(ORDER, b.sold)}",
        found={("mail_scheduled", f"mail {an_id(12, b.sold)}")},
    ),
    lambda b: plant(
        "message_that_is_missing",
        "notifications",
        f"DELETE FROM realtime_message WHERE group_name = 'order_{b.sold}' AND sequence = 2",
        found={("message_sequences", f"order_{b.sold}")},
    ),
    lambda b: plant(
        "seller_without_an_owner",
        "identity",
        f"UPDATE seller_member SET role = 'viewer' WHERE seller_id = {lit(5, 3)}",
        found={("sellers_have_owners", sid(5, 3, "sel"))},
    ),
)
