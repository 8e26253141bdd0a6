from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import ServiceError
from chassis.ids import format_id, new_id, parse_id


def test_the_example_of_the_typeid_specification_is_encoded_as_it_says() -> None:
    value = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert format_id("prefix", value) == "prefix_01h455vb4pex5vsknk084sn02q"


@given(st.uuids())
def test_every_uuid_survives_the_way_there_and_back(value: UUID) -> None:
    assert parse_id("ord", format_id("ord", value)) == value


def test_new_ids_are_version_7_and_grow_with_time() -> None:
    first, second = new_id(), new_id()
    assert first.version == 7
    assert first.variant == UUID(int=0x80 << 56).variant
    assert first.int >> 80 <= second.int >> 80


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ord",
        "ord_",
        "cart_01h455vb4pex5vsknk084sn02q",
        "ord_81h455vb4pex5vsknk084sn02q",
        "ord_01h455vb4pex5vsknk084sn02",
        "ord_01H455VB4PEX5VSKNK084SN02Q",
        "ord_01h455vb4pex5vsknk084sn0ul",
        "01h455vb4pex5vsknk084sn02q",
    ],
)
def test_any_other_text_names_nothing(text: str) -> None:
    with pytest.raises(ServiceError) as raised:
        parse_id("ord", text)
    assert raised.value.kind == "not_found"
