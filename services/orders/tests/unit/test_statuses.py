from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from orders.domain import saga
from orders.domain.errors import IllegalTransition
from orders.domain.statuses import (
    FULFILMENT,
    ORDER,
    PAYMENT,
    move_fulfilment,
    move_order,
    observe_payment,
)
from services.orders.tests.builders import NOW, make_checkout

CONTRACT = {
    "order": {
        "pending": "awaiting_payment confirmed cancelled",
        "awaiting_payment": "confirmed cancelled",
        "confirmed": "completed cancelled",
        "completed": "",
        "cancelled": "",
    },
    "payment": {
        "none": "authorized captured failed voided",
        "authorized": "captured voided failed",
        "captured": "partially_refunded refunded charged_back",
        "partially_refunded": "partially_refunded refunded charged_back",
        "charged_back": "captured partially_refunded",
        "failed": "captured",
        "voided": "captured",
        "refunded": "",
    },
    "fulfilment": {
        "unfulfilled": "partially_shipped shipped",
        "partially_shipped": "shipped delivered returned",
        "shipped": "delivered returned",
        "delivered": "returned",
        "returned": "",
    },
    "saga": {
        "placing": "reserving",
        "reserving": "authorizing compensating",
        "authorizing": "authorizing waiting confirming compensating",
        "waiting": "confirming compensating",
        "confirming": "settling compensating",
        "settling": "done compensating",
        "done": "compensating",
        "compensating": "cancelled",
        "cancelled": "",
    },
}
TABLES = {"order": ORDER, "payment": PAYMENT, "fulfilment": FULFILMENT, "saga": saga.STEPS}


@pytest.mark.parametrize("machine", CONTRACT)
def test_each_table_is_the_one_that_was_agreed(machine: str) -> None:
    agreed = {status: frozenset(to.split()) for status, to in CONTRACT[machine].items()}
    assert agreed == TABLES[machine]


@pytest.mark.parametrize("machine", ["order", "fulfilment", "saga"])
def test_every_other_pair_raises(machine: str) -> None:
    move = {"order": move_order, "fulfilment": move_fulfilment, "saga": move_saga}[machine]
    table = TABLES[machine]
    for current, wanted in product(table, [*table, "unheard_of"]):
        if wanted in table[current]:
            assert move(current, wanted) == wanted
        else:
            with pytest.raises(IllegalTransition):
                move(current, wanted)


def move_saga(current: str, wanted: str) -> str:
    placed = make_checkout().saga
    return replace(placed, step=current).to(wanted, NOW, at=None).step


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
