"""What an operator may write about login providers, and what is said of mistakes."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from identity.settings import IdentitySettings
from services.identity.tests.integration.conftest import SIGNING_KEY

WORK = {
    "name": "work",
    "issuer": "https://id.example",
    "client_id": "soko",
    "client_secret": "planted-secret",
}
BACK = "https://shop.example/login/{provider}"


def settings(*providers: Any, **changes: Any) -> IdentitySettings:
    return IdentitySettings(
        **{
            "secret": "x" * 32,
            "database_url": "postgresql://",
            "token_signing_key": SIGNING_KEY,
            "environment": "production",
            "oauth_redirect_uri": BACK,
            "oauth_providers": json.dumps(providers) if providers else "",
            **changes,
        }
    )


def mistakes(*providers: Any, **changes: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        settings(*providers, **changes)
    said = "\n".join(str(error["msg"]) for error in raised.value.errors())
    assert "planted-secret" not in said
    return said


def test_nothing_is_on_by_default() -> None:
    assert settings(oauth_redirect_uri="").login_providers == []


def test_google_needs_its_client_only() -> None:
    own = {"oauth_google_client_id": "id", "oauth_google_client_secret": "planted-secret"}
    google, work = settings(WORK, **own).login_providers
    assert (google.name, google.title, google.issuer, google.redirect_uri) == (
        "google",
        "Google",
        "https://accounts.google.com",
        "https://shop.example/login/google",
    )
    assert (work.title, work.redirect_uri) == ("Work", "https://shop.example/login/work")
    assert "planted-secret" not in repr(settings(WORK, **own))
    del own["oauth_google_client_secret"]
    assert "SOKO_OAUTH_GOOGLE_CLIENT_SECRET" in mistakes(**own)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Work!"}, "0.name"),
        ({"client_secret": ""}, "0.client_secret"),
        ({"secret": "planted-secret"}, "0.secret"),
        ({"scopes": "email"}, "0.scopes"),
        ({"issuer": "http://id.example"}, "the issuer of work must be an https address"),
        ({"issuer": "https://id.example?x=1"}, "the issuer of work must have no query"),
        ({"issuer": "https://"}, "the issuer of work"),
        ({"issuer": "https://user@id.example"}, "the issuer of work"),
        ({"redirect_uri": "http://shop.example/"}, "the redirect_uri of work"),
        ({"redirect_uri": "https://shop.example/#here"}, "the redirect_uri of work"),
    ],
)
def test_a_mistake_is_named(change: dict[str, str], said: str) -> None:
    assert said in mistakes({**WORK, **change})


def test_what_is_not_a_list_of_providers_is_refused() -> None:
    assert "SOKO_OAUTH_PROVIDERS" in mistakes(oauth_providers="planted-secret")
    assert "SOKO_OAUTH_PROVIDERS" in mistakes(oauth_providers=json.dumps(WORK))
    assert "needs SOKO_OAUTH_REDIRECT_URI" in mistakes(WORK, oauth_redirect_uri="")


def test_no_two_providers_share_what_tells_them_apart() -> None:
    """Each has a page of its own to come back to, or answers could be mixed up (RFC 9700, 4.4)."""
    other = {**WORK, "name": "other"}
    assert "two login providers have the issuer" in mistakes(WORK, other)
    other["issuer"] = "https://other.example"
    assert len(settings(WORK, other).login_providers) == 2
    one = "https://shop.example/back"
    assert "the redirect_uri" in mistakes(WORK, other, oauth_redirect_uri=one)
    other["name"] = "work"
    assert "two login providers have the name work" in mistakes(WORK, other)


def test_development_may_do_without_https() -> None:
    local = {**WORK, "issuer": "http://127.0.0.1:9000", "redirect_uri": "http://127.0.0.1/back"}
    assert settings(local, environment="development").login_providers
