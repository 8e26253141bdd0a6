import pytest

from identity.domain.account import (
    Account,
    canonical_locale,
    email_key,
    email_violations,
    granted_of,
    locale_violations,
)
from identity.domain.errors import ValidationFailed
from services.identity.tests.builders import make_account


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Sample@Soko.Example", "sample@soko.example"),
        ("  sample@soko.example ", "sample@soko.example"),
        ("ZOE\N{COMBINING DIAERESIS}@soko.example", "zoë@soko.example"),
        ("STRASSE@soko.example", "strasse@soko.example"),
        ("straße@soko.example", "straße@soko.example"),
    ],
)
def test_addresses_are_compared_without_regard_to_case(written: str, key: str) -> None:
    assert email_key(written) == key


@pytest.mark.parametrize(
    "email",
    ["a@b.example", "sample+kikoi@soko.example", "o'hara@soko.example", "用户@例子.example"],
)
def test_an_address_may_be_unusual(email: str) -> None:
    assert email_violations(email) == []


@pytest.mark.parametrize(
    "email",
    [
        "",
        "sample",
        "@soko.example",
        "sample@",
        "sample@localhost",
        "a b@soko.example",
        "a@b@soko.example",
        ".a@soko.example",
        "a.@soko.example",
        "a..b@soko.example",
        "a@-soko.example",
        "a@soko..example",
        "a@soko.example\r\nBcc: b@soko.example",
        "Sample <a@soko.example>",
        "x" * 65 + "@soko.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    assert [pointer for pointer, _ in email_violations(email)] == ["/email"]


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("SW", "sw"),
        ("sw-ke", "sw-KE"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("ca-VALENCIA", "ca-valencia"),
    ],
)
def test_locales_are_kept_in_one_form(tag: str, canonical: str) -> None:
    assert canonical_locale(tag) == canonical


@pytest.mark.parametrize("tag", ["", "english", "e", "en_US", "en-", "en-US\n", "en-US-a-b-c-d"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    assert [pointer for pointer, _ in locale_violations(tag)] == ["/locale"]


def test_everybody_is_a_buyer() -> None:
    assert make_account().roles == ["buyer"]
    account = make_account()
    admin = Account(account.id, account.email, "Sample", "en", frozenset({"admin"}))
    assert admin.roles == ["admin", "buyer"]
    assert admin.is_admin


def test_buyer_is_not_stored_and_unknown_roles_are_refused() -> None:
    assert granted_of(["buyer", "operator", "operator"]) == {"operator"}
    with pytest.raises(ValidationFailed) as raised:
        granted_of(["buyer", "emperor"])
    [(pointer, detail)] = raised.value.violations
    assert pointer == "/roles"
    assert "emperor" in detail
