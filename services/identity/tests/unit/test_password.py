import pytest

from identity.domain.common_passwords import COMMON_PASSWORDS
from identity.domain.errors import ValidationFailed, WeakPassword
from identity.domain.password import MAX_LENGTH, MIN_LENGTH, normalized, require_acceptable

EMAIL = "sample.buyer@soko.example"


@pytest.mark.parametrize(
    "password", ["soko-demo-password", "y" * MIN_LENGTH, "é" * MAX_LENGTH, "  spaces  count  "]
)
def test_a_password_may_be_anything_of_the_right_length(password: str) -> None:
    require_acceptable(password, EMAIL)


@pytest.mark.parametrize("password", ["", "x" * (MIN_LENGTH - 1), "x" * (MAX_LENGTH + 1)])
def test_a_password_has_a_shortest_and_a_longest_length(password: str) -> None:
    with pytest.raises(ValidationFailed):
        require_acceptable(password, EMAIL)


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PassWord1",
        "iloveyou",
        "12345678",
        "\N{FULLWIDTH LATIN SMALL LETTER P}assword",
        "sample.buyer@soko.example",
        "Sample.Buyer",
    ],
)
def test_what_attackers_try_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        require_acceptable(password, EMAIL)


def test_every_common_password_is_long_enough_to_matter_and_written_as_it_is_compared() -> None:
    assert len(COMMON_PASSWORDS) > 300
    for password in COMMON_PASSWORDS:
        assert len(password) >= MIN_LENGTH
        assert normalized(password).casefold() == password


def test_one_password_written_in_two_ways_is_one() -> None:
    assert normalized("cafe\N{COMBINING ACUTE ACCENT}") == normalized("café")
