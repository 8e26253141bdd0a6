import os

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.order_number import RANDOM_BYTES, is_order_number, order_number

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BYTES = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(BYTES)
def test_a_number_passes_its_own_check(random: bytes) -> None:
    number = order_number(lambda _: random)
    assert is_order_number(number)
    assert is_order_number(number.replace("-", "").lower())
    assert [len(group) for group in number.split("-")] == [4, 4, 4]


@given(BYTES, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(random: bytes, position: int, char: str) -> None:
    plain = order_number(lambda _: random).replace("-", "")
    wrong = plain[:position] + char + plain[position + 1 :]
    assert is_order_number(wrong) is (wrong == plain)


def test_most_neighbours_that_changed_places_are_found() -> None:
    missed = total = 0
    for _ in range(300):
        plain = order_number(os.urandom).replace("-", "")
        for i in range(11):
            swapped = plain[:i] + plain[i + 1] + plain[i] + plain[i + 2 :]
            if swapped != plain:
                total += 1
                missed += is_order_number(swapped)
    assert missed / total < 0.01


def test_what_is_no_number_is_not_one() -> None:
    for text in ("", "ABC", "IIII-LLLL-OOOO", "0" * 13):
        assert not is_order_number(text)
