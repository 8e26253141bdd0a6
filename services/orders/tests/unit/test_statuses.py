from __future__ import annotations

from itertools import product

import pytest

from orders.domain import saga
from orders.domain.errors import IllegalTransition
from orders.domain.statuses import FULFILMENT, ORDER, PAYMENT, move_order, observe_payment


def test_every_table_names_only_its_own_statuses() -> None:
    for table in (ORDER, PAYMENT, FULFILMENT, saga.STEPS):
        assert frozenset().union(*table.values()) <= table.keys()


def test_a_cancelled_order_never_comes_back() -> None:
    for status in ORDER:
        with pytest.raises(IllegalTransition):
            move_order("cancelled", status)


@pytest.mark.parametrize(
    ("current", "observed", "means"),
    [
        ("none", "authorized", "moved"),
        ("authorized", "captured", "moved"),
        ("captured", "authorized", "stale"),
        ("captured", "captured", "unchanged"),
        ("none", "refunded", "moved"),
        ("refunded", "captured", "stale"),
        ("partially_refunded", "captured", "stale"),
        ("charged_back", "captured", "moved"),
        ("voided", "captured", "moved"),
        ("captured", "voided", "stale"),
    ],
)
def test_news_of_a_payment_may_be_late_doubled_or_ahead(current, observed, means) -> None:
    assert observe_payment(current, observed) == means


def test_all_news_is_explained_or_raises() -> None:
    for current, observed in product(PAYMENT, PAYMENT):
        try:
            assert observe_payment(current, observed) in {"moved", "unchanged", "stale"}
        except IllegalTransition:
            assert {current, observed} <= {"failed", "voided"}
    with pytest.raises(IllegalTransition):
        observe_payment("none", "delighted")
