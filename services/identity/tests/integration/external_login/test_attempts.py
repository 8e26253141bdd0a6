"""What was begun is ended once, by the client that began it, with the issuer that it began with."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from chassis.database import Database
from services.identity.tests.integration.conftest import refusal
from services.identity.tests.integration.external_login.issuers import (
    Browser,
    Issuer,
    answer_to,
    somebody,
)
from soko.identity.v1 import external_login_pb2 as pb


async def test_a_state_is_good_for_one_use(browser: Browser, honest: Issuer) -> None:
    await honest.expect(user=somebody())
    answer = await answer_to(await browser.begin(), "honest")
    outcomes = await asyncio.gather(
        *(browser.finish(answer) for _ in range(10)), return_exceptions=True
    )
    refused = [getattr(outcome, "code", "") for outcome in outcomes]
    assert sorted(refused) == [""] + ["oauth_state_invalid"] * 9


async def test_a_code_is_good_for_one_login(browser: Browser, honest: Issuer) -> None:
    await honest.expect(user=somebody())
    first = await answer_to(await browser.begin(), "honest")
    await browser.finish(first)
    assert (await refusal(browser.log_in(code=first.code))).code == "oauth_failed"


async def test_a_code_of_another_login_is_of_no_use(browser: Browser, honest: Issuer) -> None:
    """Injection of a stolen code: the code verifier is another's."""
    await honest.expect(user=somebody())
    stolen = await answer_to(await browser.begin(), "honest")
    assert (await refusal(browser.log_in(code=stolen.code))).code == "oauth_failed"


@pytest.mark.parametrize("token", ["", "guessed"])
async def test_an_answer_that_is_slipped_to_another_client_opens_nothing(
    browser: Browser, honest: Issuer, token: str
) -> None:
    """Login CSRF: the victim's client has no token, or its own, and the attacker's state lives."""
    await honest.expect(user=somebody())
    answer = await answer_to(await browser.begin(), "honest")
    for own in (token, (await browser.begin()).client_token):
        slipped = pb.ProviderAnswer()
        slipped.CopyFrom(answer)
        slipped.client_token = own
        assert (await refusal(browser.finish(slipped))).code == "oauth_state_invalid"
    assert await browser.finish(answer)


async def test_an_answer_to_one_provider_is_none_to_another(
    browser: Browser, honest: Issuer
) -> None:
    """Mix-up: a code must never travel to another issuer's token endpoint."""
    await honest.expect(user=somebody())
    answer = await answer_to(await browser.begin(), "honest")
    mixed = pb.ProviderAnswer()
    mixed.CopyFrom(answer)
    mixed.provider = "other"
    assert (await refusal(browser.finish(mixed))).code == "oauth_failed"
    mixed.issuer = ""
    assert (await refusal(browser.finish(mixed))).code == "oauth_state_invalid"
    assert await browser.finish(answer)


async def test_the_answer_must_name_the_issuer_if_it_names_one(
    browser: Browser, honest: Issuer, issuers: dict[str, Issuer]
) -> None:
    await honest.expect(user=somebody())
    error = await refusal(browser.log_in(issuer=issuers["other"].url))
    assert error.code == "oauth_failed"
    assert await browser.log_in(issuer="")


async def test_what_was_begun_long_ago_cannot_be_finished_and_is_forgotten(
    browser: Browser, honest: Issuer, db: Database
) -> None:
    await honest.expect(user=somebody())
    answer = await answer_to(await browser.begin(), "honest")
    await db.execute("UPDATE begun_login SET expires_at = now() - interval '1 second'")
    assert (await refusal(browser.finish(answer))).code == "oauth_state_invalid"
    for _ in range(3):
        await browser.begin()
    row = await db.fetch_one("SELECT count(*) AS old FROM begun_login WHERE expires_at < now()")
    assert row == {"old": 0}


async def test_only_hashes_of_what_was_begun_are_stored(browser: Browser, db: Database) -> None:
    begun = await browser.begin()
    asked = parse_qs(urlsplit(begun.authorization_url).query)
    rows = str(await db.fetch_all("SELECT to_jsonb(a) AS row FROM begun_login a"))
    for secret in (begun.client_token, asked["state"][0], asked["nonce"][0]):
        assert secret not in rows
        assert secret.encode().hex() not in rows
