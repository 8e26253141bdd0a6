"""What was moved, counted from events."""

from prometheus_client import REGISTRY

from chassis.relay import Published
from payments.entrypoints.money_figures import money_counter
from soko.common.v1 import money_pb2
from soko.events.v1 import payments_pb2


def test_each_movement_is_counted_by_what_it_moved() -> None:
    def told(movement: str) -> float | None:
        labels = {"movement": movement, "currency": "NAD"}
        return REGISTRY.get_sample_value("soko_money_moved_total", labels)

    count = money_counter("NAD")
    assert [told(each) for each in ("captured", "refunded", "disputed", "paid_out")] == [0] * 4
    whole = money_pb2.Money(amount_minor=129_900, currency="NAD")
    part = money_pb2.Money(amount_minor=9_900, currency="NAD")
    payment = payments_pb2.PaymentState(amount=whole, captured_minor=100_000)
    events = {
        "payment_authorized": payments_pb2.PaymentAuthorized(payment=payment),
        "payment_captured": payments_pb2.PaymentCaptured(payment=payment),
        "refund_settled": payments_pb2.RefundSettled(amount=part),
        "refund_failed": payments_pb2.RefundFailed(amount=part),
        "payout_sent": payments_pb2.PayoutSent(amount=part),
    }
    count([Published(name, each.SerializeToString()) for name, each in events.items()])
    for status in ("opened", "lost"):
        dispute = payments_pb2.PaymentDisputed(amount=part, status=status)
        count([Published("payment_disputed", dispute.SerializeToString())])
    assert told("captured") == 1000.0
    assert [told(each) for each in ("refunded", "disputed", "paid_out")] == [99.0] * 3
