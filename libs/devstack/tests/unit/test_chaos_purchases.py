"""What buyers were told is held against what became of their orders."""

from collections import Counter

import pytest

from devstack.chaos.purchases import Purchase, disagreements

ORDERS = {"ord_1": "confirmed", "ord_2": "cancelled", "ord_3": "completed"}


def purchase(**told: object) -> Purchase:
    return Purchase(1, "plain", 0.0, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "told",
    [
        {"confirmed": {"ord_1"}, "order_of_key": {"k": {"ord_1"}}},
        {"confirmed": {"ord_3"}},
        {"confirmed": {"ord_2"}, "cancelled": {"ord_2"}},
        {"answers": Counter({"503": 3, "201": 1})},
    ],
)
def test_what_is_so_is_no_disagreement(told: dict[str, object]) -> None:
    assert disagreements([purchase(**told)], ORDERS) == []


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"order_of_key": {"k": {"ord_1", "ord_3"}}}, "key k was answered with orders"),
        ({"order_of_key": {"k": {"ord_9"}}}, "does not exist"),
        ({"confirmed": {"ord_2"}}, "answered as confirmed and is cancelled"),
        ({"cancelled": {"ord_1"}}, "answered as cancelled and is confirmed"),
        ({"answers": Counter({"500": 1})}, "500"),
    ],
)
def test_what_is_not_so_is_told(told: dict[str, object], found: str) -> None:
    (finding,) = disagreements([purchase(**told)], ORDERS)
    assert finding.startswith("buyer 1 (plain)")
    assert found in finding
