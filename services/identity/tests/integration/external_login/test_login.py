"""Logging in with an OpenID Connect issuer, and what an issuer can do wrong."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chassis.database import Database
from chassis.ids import parse_id
from identity.adapters.oidc_provider import OidcProvider
from identity.oauth_settings import ProviderSettings
from identity.settings import IdentitySettings
from services.identity.tests.builders import PASSWORD, make_email
from services.identity.tests.integration.conftest import refusal
from services.identity.tests.integration.external_login.issuers import (
    USER_AGENT,
    Browser,
    Issuer,
    accounts_of,
    answer_to,
    somebody,
    start_issuer,
)
from simulators.oidc import CLIENT_ID
from soko.identity.v1 import auth_pb2
from soko.identity.v1 import external_login_pb2 as pb


async def test_the_providers_are_listed_in_the_order_of_the_settings(browser: Browser) -> None:
    answer = await browser.client.call(
        browser.rpc.ListLoginProviders, pb.ListLoginProvidersRequest()
    )
    assert [(each.name, each.title) for each in answer.providers] == [
        ("honest", "Honest"),
        ("other", "Other"),
    ]


async def test_the_browser_is_sent_with_everything_that_binds_the_answer(
    browser: Browser, honest: Issuer
) -> None:
    first, second = await browser.begin(), await browser.begin()
    parts = urlsplit(first.authorization_url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{honest.url}/authorize"
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": honest.settings["redirect_uri"],
        "scope": "openid email profile",
        "state": asked["state"],
        "nonce": asked["nonce"],
        "code_challenge": asked["code_challenge"],
        "code_challenge_method": "S256",
    }
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) == 43
        assert asked[name] not in second.authorization_url
    assert first.client_token not in first.authorization_url
    assert first.expires_in_s == 600


async def test_a_new_person_gets_an_account_and_comes_back_to_it(
    browser: Browser, honest: Issuer, db: Database
) -> None:
    person = somebody(name="Zawadi\u202e of\nthe Coast", locale="sw-ke")
    await honest.expect(user=person)
    account = await browser.me(await browser.log_in())
    assert (account.email, account.name) == (person["email"], "Zawadi of the Coast")
    assert (account.locale, list(account.roles)) == ("sw-KE", ["buyer"])
    assert account.email_verified
    # The address at the issuer may change and be unverified by then: the subject is who it is.
    await honest.expect(user={"sub": person["sub"], "email": make_email()})
    again = await browser.log_in()
    assert await browser.me(again) == account
    assert await browser.linked(again) == ["honest"]
    shown = await db.fetch_all(
        "SELECT t.user_agent FROM refresh_token t JOIN session s ON s.id = t.session_id"
        " WHERE s.account_id = %(id)s",
        {"id": parse_id("usr", account.id)},
    )
    assert [row["user_agent"] for row in shown] == [USER_AGENT] * 2


async def test_the_address_may_come_from_the_user_info(browser: Browser, honest: Issuer) -> None:
    person = somebody()
    await honest.expect(user=person, profile="user_info")
    assert (await browser.me(await browser.log_in())).email == person["email"]


async def test_the_client_proves_itself_as_the_issuer_wants(
    browser: Browser, honest: Issuer
) -> None:
    await honest.expect(user=somebody(), client_auth="client_secret_post")
    assert await browser.log_in()


async def test_a_client_that_the_issuer_refuses_is_the_operators_matter(
    browser: Browser, honest: Issuer
) -> None:
    await honest.expect(user=somebody())
    answer = await answer_to(await browser.begin(), "honest")
    await honest.expect(client_auth="client_secret_post")
    assert (await refusal(browser.finish(answer))).kind == "unavailable"


async def test_a_person_who_finishes_twice_at_once_has_one_account(
    browser: Browser, honest: Issuer
) -> None:
    await honest.expect(user=somebody())
    answers = [await answer_to(await browser.begin(), "honest") for _ in range(5)]
    tokens = await asyncio.gather(*(browser.finish(answer) for answer in answers))
    assert len({(await browser.me(token)).id for token in tokens}) == 1


async def test_an_account_without_a_password_refuses_every_password(
    browser: Browser, honest: Issuer
) -> None:
    person = somebody()
    await honest.expect(user=person)
    await browser.log_in()
    for password in ("", PASSWORD):
        error = await refusal(
            browser.client.call(
                browser.client.auth.Login,
                auth_pb2.LoginRequest(email=person["email"], password=password),
            )
        )
        assert (error.kind, error.code) == ("unauthenticated", "invalid_credentials")


BAD_TOKENS: list[dict[str, Any]] = [
    {"claims": {"nonce": "of another login"}},
    {"claims": {"nonce": None}},
    {"claims": {"aud": "another client"}},
    {"claims": {"aud": [CLIENT_ID, "another client"]}},
    {"claims": {"aud": "another client", "azp": CLIENT_ID}},
    {"claims": {"aud": None}},
    {"claims": {"azp": "another client"}},
    {"claims": {"iss": "https://accounts.google.com"}},
    {"claims": {"iss": None}},
    {"claims": {"exp": int(time.time()) - 600}},
    {"claims": {"exp": None}},
    {"claims": {"exp": "never"}},
    {"claims": {"iat": int(time.time()) + 6000}},
    {"claims": {"at_hash": "of another token"}},
    {"claims": {"sub": None}},
    {"claims": {"sub": ""}},
    {"claims": {"sub": "x" * 256}},
    {"claims": {"sub": "nul\0nul"}},
    {"claims": {"sub": ["a", "list"]}},
    {"signature": "none"},
    {"signature": "HS256"},
    {"signature": "RS512"},
    {"signature": "forged"},
    {"fault": "drop"},
]


@pytest.mark.parametrize("plan", BAD_TOKENS, ids=json.dumps)
async def test_a_wrong_id_token_opens_nothing(
    browser: Browser, honest: Issuer, db: Database, plan: dict[str, Any]
) -> None:
    person = somebody()
    await honest.expect(user=person, **plan)
    error = await refusal(browser.log_in())
    assert (error.kind, error.code) == ("unauthenticated", "oauth_failed")
    assert await accounts_of(db, person["email"]) == 0


async def test_a_clock_that_is_a_little_off_is_forgiven(browser: Browser, honest: Issuer) -> None:
    late = int(time.time()) - 30
    await honest.expect(user=somebody(), claims={"exp": late, "iat": late - 300})
    assert await browser.log_in()


async def test_a_key_that_is_new_at_the_issuer_is_fetched(
    browser: Browser, honest: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("identity.adapters.oidc_provider._KEYS_INTERVAL_S", -1.0)
    await honest.expect(user=somebody())
    assert await browser.log_in()
    await honest.expect(user=somebody(), signature="rotated")
    assert await browser.log_in()


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("hang", "timeout", "service_timeout"),
        ("trickle", "timeout", "service_timeout"),
        ("huge", "unavailable", "service_unavailable"),
        ("redirect", "unavailable", "service_unavailable"),
        ("error", "unavailable", "service_unavailable"),
        ("text", "unavailable", "service_unavailable"),
        ("list", "unavailable", "service_unavailable"),
    ],
)
async def test_a_token_endpoint_that_misbehaves_is_away(
    browser: Browser,
    honest: Issuer,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    kind: str,
    code: str,
) -> None:
    monkeypatch.setattr("identity.adapters.bounded_http._TOTAL_S", 0.5)
    await honest.expect(user=somebody(), fault=fault)
    error = await refusal(browser.log_in())
    assert (error.kind, error.code, error.extra["service"]) == (kind, code, "honest")


async def test_a_discovery_document_of_another_issuer_is_of_no_use(
    browser: Browser, honest: Issuer
) -> None:
    await honest.expect(issuer="https://accounts.google.com")
    error = await refusal(browser.begin())
    assert (error.kind, error.extra["service"]) == ("unavailable", "honest")
    await honest.expect()
    assert (await browser.begin()).authorization_url


async def test_a_provider_that_is_not_there_is_away(
    settings: IdentitySettings, issuers: dict[str, Issuer], browser: Browser
) -> None:
    assert (await refusal(browser.begin("nowhere"))).kind == "not_found"
    gone = start_issuer("gone")
    gone.process.kill()
    gone.process.wait()
    provider = OidcProvider(ProviderSettings.model_validate(gone.settings), https_only=False)
    error = await refusal(provider.connect())
    assert (error.kind, error.extra["service"]) == ("unavailable", "gone")
    insecure = OidcProvider(
        ProviderSettings.model_validate(issuers["honest"].settings), https_only=True
    )
    await issuers["honest"].expect()
    assert (await refusal(insecure.connect())).kind == "unavailable"
    await provider.close()
    await insecure.close()
