"""Bugs that commerce systems have had, each by its name, so that this one does not get them."""

import ast
from pathlib import Path

import pytest

import payments
from chassis.ids import new_id
from payments.app.authorize import AuthorizeOrder
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.domain.errors import RefundExceedsCaptured
from payments.domain.payment import ProviderState
from services.payments.tests.builders import NOW, make_order, make_payment, make_split

SOURCE = Path(next(iter(payments.__path__)))


def captured(*splits):
    payment = make_payment(*splits)
    payment.learn(ProviderState("captured"), NOW)
    return payment


@pytest.mark.parametrize(("amount_minor", "units"), [(334, 2), (1, 3), (333, 2), (667, 1)])
def test_refund_blocked_after_a_cents_difference(amount_minor, units):
    """Rounding of a refund by amount must not block the refund of the units that are left."""
    payment = captured(make_split(goods_minor=1000, quantity=3))
    payment.request_refund(new_id(), "", NOW, amount=(amount_minor, "KES"))
    refund = payment.request_refund(new_id(), "", NOW, items={"item_a": units})
    assert refund.amount_minor in (round(1000 * units / 3), 1000 - amount_minor)
    if payment.refundable_minor:
        payment.request_refund(new_id(), "", NOW)
    assert payment.refundable_minor == 0


def test_refund_wrong_after_a_cents_difference():
    """More than a rounding's difference is refused, with what is left, instead of shortened."""
    payment = captured(make_split(goods_minor=1000, quantity=3))
    payment.request_refund(new_id(), "", NOW, amount=(500, "KES"))
    with pytest.raises(RefundExceedsCaptured) as error:
        payment.request_refund(new_id(), "", NOW, items={"item_a": 2})
    assert error.value.extra == {"refundable_minor": 500}


async def test_paid_then_out_of_stock_money_kept(desk, memory):
    """An order that cannot be delivered is cancelled: all of its money goes back."""
    order: AuthorizeOrder = make_order()
    await desk.authorize.handle(order)
    await desk.capture.handle(CaptureOrders((order.order_id,)))
    cancelled = await desk.cancel.handle(CancelPayment(order.order_id, "out_of_stock"))
    assert cancelled == (True, "refunded")
    assert memory.balances == {}


def test_float_totals():
    """No float and no true division anywhere in the domain: amounts are whole minor units."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted((SOURCE / "domain").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Name) and node.id in ("round", "Decimal"))
    ]
    assert not found


def test_payment_settled_three_times_by_concurrent_webhooks():
    """However often the provider says captured, it is posted and told once."""
    payment = make_payment()
    for _ in range(3):
        payment.learn(ProviderState("captured"), NOW)
    assert [type(event).__name__ for event in payment.events] == ["PaymentCaptured"]
    assert [made.event for made in payment.postings] == ["capture", "split"]
