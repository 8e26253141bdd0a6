"""Dividing amounts: the parts always add up and nobody gets more than there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.allocation import allocate, share_of_units

AMOUNTS = st.integers(min_value=0, max_value=2**53 - 1)


@given(total=AMOUNTS, weights=st.lists(AMOUNTS, min_size=1, max_size=20))
def test_parts_add_up_and_are_the_quota_rounded_up_or_down(total, weights):
    if sum(weights) == 0:
        return
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert 0 <= part - total * weight // sum(weights) <= 1


@given(weights=st.lists(AMOUNTS, min_size=1, max_size=20), data=st.data())
def test_no_part_exceeds_its_weight_when_the_total_does_not(weights, data):
    total = data.draw(st.integers(min_value=0, max_value=sum(weights)))
    assert all(p <= w for p, w in zip(allocate(total, weights), weights, strict=True))


def test_ties_go_to_the_first():
    assert allocate(2, [1, 1, 1]) == [1, 1, 0]


def test_an_amount_cannot_be_divided_by_nothing():
    with pytest.raises(ValueError, match="nothing to divide"):
        allocate(1, [0, 0])


@given(amount=AMOUNTS, quantity=st.integers(min_value=1, max_value=9999))
def test_the_shares_of_single_units_add_up_to_the_line(amount, quantity):
    shares = [share_of_units(amount, units, quantity) for units in (0, quantity)]
    assert shares == [0, amount]


def test_half_a_unit_of_money_is_rounded_up():
    assert share_of_units(5, 1, 2) == 3
