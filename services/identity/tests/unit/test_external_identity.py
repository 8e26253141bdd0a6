"""What an account takes over of what an issuer says, and which ways into it must stay."""

import pytest

from identity.app.begin_external_login import BegunLogin
from identity.app.finish_external_login import FinishExternalLogin
from identity.app.login_proof import proof_of
from identity.app.login_providers import ProviderAnswer
from identity.domain.errors import EmailNotVerified, IdentityNotLinked, LastLoginMethod
from identity.domain.external_identity import ExternalIdentity, Person, WaysIn
from services.identity.tests.builders import NOW

SECRET = "planted-secret"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Amina Wanjiru", "Amina Wanjiru"),
        ("  Amina \t\n Wanjiru ", "Amina Wanjiru"),
        ("Amina\u202egnp.exe", "Aminagnp.exe"),
        ("Amina\x00\x1b[31m\u2028", "Amina [31m"),
        ("x" * 500, "x" * 120),
        ("", "sample"),
        ("\u202e\x07", "sample"),
    ],
)
def test_a_name_is_taken_over_without_what_names_may_not_have(told: str, shown: str) -> None:
    assert Person("s", "sample@soko.example", name=told).name_to_show() == shown


def test_a_person_always_has_a_name() -> None:
    assert Person("s", "\u202e@soko.example").name_to_show() == "-"


@pytest.mark.parametrize(
    ("told", "header", "taken"),
    [
        ("sw-ke", "fr", "sw-KE"),
        ("", "fr", "fr"),
        ("en_US", "", "en"),
        ("no language", "neither", "en"),
    ],
)
def test_the_first_language_that_is_one_is_taken(told: str, header: str, taken: str) -> None:
    assert Person("s", locale=told).locale_or(header, "en") == taken


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_counts_once_it_is_verified_and_is_one(verified: bool) -> None:
    for email in ("", "no address", "a@soko.example"):
        person = Person("s", email, email_verified=verified)
        if verified and "@" in email:
            assert person.require_verified_email() == email
        else:
            with pytest.raises(EmailNotVerified):
                person.require_verified_email()


def linked(*providers: str) -> list[ExternalIdentity]:
    return [ExternalIdentity(f"https://{name}", "s", name, "", NOW) for name in providers]


def test_the_last_way_in_that_works_stays() -> None:
    usable = {"https://on", "https://too"}
    for has_password, others, ends in (
        (False, (), False),
        (False, ("off",), False),
        (False, ("too",), True),
        (True, (), True),
    ):
        ways = WaysIn(has_password, linked("on", *others))
        if ends:
            ways.unlink("on", usable)
            assert ways.ended is not None
            assert ways.ended.provider == "on"
        else:
            with pytest.raises(LastLoginMethod):
                ways.unlink("on", usable)
            assert ways.ended is None
    with pytest.raises(IdentityNotLinked):
        WaysIn(True, linked("on")).unlink("too", usable)


def test_what_is_proven_follows_from_the_clients_token_and_tells_nothing_of_it() -> None:
    first, again, other = proof_of(SECRET), proof_of(SECRET), proof_of("another")
    assert first == again
    assert len({first.nonce, first.code_verifier, other.nonce, other.code_verifier, SECRET}) == 5
    # RFC 7636, 4.1: 43 to 128 characters.
    assert len(first.code_verifier) == 43


def test_what_holds_a_secret_does_not_show_it() -> None:
    answer = ProviderAnswer("google", SECRET, SECRET, SECRET)
    shown = [answer, FinishExternalLogin(answer, totp_code=SECRET), BegunLogin(SECRET, SECRET)]
    assert SECRET not in repr(shown)
    assert proof_of(SECRET).code_verifier not in repr(proof_of(SECRET))
