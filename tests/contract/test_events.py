"""Events keep their meaning: each has a golden sample that says all it can say."""

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from tests.contract.event_samples import SAMPLES, events, read_sample, sample_path

EVERY = [pytest.param(*event, id=event[1].name) for event in events()]


def unset_fields(message: Message, path: str = "") -> list[str]:
    """Return the paths of the fields that a message leaves out."""
    given = {field.name: value for field, value in message.ListFields()}
    missing = []
    for field in message.DESCRIPTOR.fields:
        here = f"{path}{field.name}"
        if field.name not in given:
            missing.append(here)
        elif field.message_type is not None and not field.is_repeated:
            missing += unset_fields(given[field.name], f"{here}.")
    return missing


@pytest.mark.parametrize(("context", "descriptor"), EVERY)
def test_an_event_has_a_sample_that_sets_every_field(context: str, descriptor: Descriptor) -> None:
    sample = read_sample(context, descriptor)
    zero_of_a_timestamp = {"seconds", "nanos"}
    missing = [
        path for path in unset_fields(sample) if path.split(".")[-1] not in zero_of_a_timestamp
    ]
    assert not missing


@pytest.mark.parametrize(("context", "descriptor"), EVERY)
def test_an_event_carries_no_personal_data(context: str, descriptor: Descriptor) -> None:
    forbidden = {"email", "phone", "address", "token", "name_of_buyer", "line1", "postal_code"}

    def names(of: Descriptor) -> set[str]:
        found = set()
        for field in of.fields:
            found.add(field.name)
            if field.message_type is not None:
                found |= names(field.message_type)
        return found

    assert not names(descriptor) & forbidden


def test_every_sample_belongs_to_an_event() -> None:
    expected = {sample_path(context, descriptor).name for context, descriptor in events()}
    assert {path.name for path in SAMPLES.iterdir()} == expected
