import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.cursors import CursorCodec, filter_hash
from chassis.errors import ServiceError

codec = CursorCodec("a secret of at least thirty-two chars")


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(-(2**53), 2**53)), max_size=4))
def test_a_cursor_gives_back_what_it_was_made_of(keys: list[str | int | None]) -> None:
    assert codec.decode("products", "f", codec.encode("products", "f", keys)) == keys


def test_a_cursor_of_another_list_filter_or_secret_is_refused() -> None:
    cursor = codec.encode("products", filter_hash("q"), [1, "prd"])
    other = CursorCodec("another secret of thirty-two chars!!")
    for attempt in (
        lambda: codec.decode("orders", filter_hash("q"), cursor),
        lambda: codec.decode("products", filter_hash("r"), cursor),
        lambda: other.decode("products", filter_hash("q"), cursor),
    ):
        with pytest.raises(ServiceError) as raised:
            attempt()
        assert (raised.value.kind, raised.value.code) == ("malformed", "invalid_cursor")


def test_a_cursor_outlives_a_change_of_the_secret_while_the_former_one_is_accepted() -> None:
    former, new = "s" * 32, "t" * 32
    old_cursor, new_cursor = (CursorCodec(each).encode("l", "f", [7]) for each in (former, new))
    changed = CursorCodec(new, former)
    assert changed.decode("l", "f", old_cursor) == [7]
    assert changed.encode("l", "f", [7]) == new_cursor
    with pytest.raises(ServiceError):
        CursorCodec(new).decode("l", "f", old_cursor)


@given(st.text(max_size=200))
def test_no_text_but_a_cursor_is_read(text: str) -> None:
    with pytest.raises(ServiceError):
        codec.decode("products", "f", text)
