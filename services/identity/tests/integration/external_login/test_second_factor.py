"""Accounts with a second factor are asked for it, whoever vouches for their owner."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest

from chassis.database import Database
from identity.domain.second_factor import MAX_TRIES
from services.identity.tests.integration.conftest import Person, refusal
from services.identity.tests.integration.external_login.issuers import (
    Browser,
    Issuer,
    answer_to,
    somebody,
)
from services.identity.tests.integration.test_second_factor_calls import (
    app_of,
    confirm,
    start,
    step_up,
)
from soko.identity.v1 import external_login_pb2 as pb


@dataclass
class Secured:
    """A person who comes from the issuer, and whose account has a second factor."""

    person: Person
    recovery_codes: list[str]


@pytest.fixture
async def secured(browser: Browser, honest: Issuer) -> Secured:
    await honest.expect(user=somebody())
    token = await browser.log_in()
    me = await browser.me(token)
    person = Person(me.id, me.email, token, "")
    app = app_of(await start(browser.client, person))
    codes = await confirm(browser.client, person, app.generate(int(time.time())).decode())
    return Secured(person, codes)


async def come_back(browser: Browser) -> pb.ProviderAnswer:
    """Return the answer with which the issuer has confirmed the login, and a code is asked for."""
    answer = await answer_to(await browser.begin(), "honest")
    error = await refusal(browser.finish(answer))
    assert (error.kind, error.code) == ("unauthenticated", "totp_required")
    return answer


async def test_the_code_is_asked_for_and_comes_with_the_same_call(
    browser: Browser, secured: Secured
) -> None:
    answer = await come_back(browser)
    error = await refusal(browser.finish(answer, code="not-a-code"))
    assert error.code == "invalid_totp_code"
    token = await browser.finish(answer, code=secured.recovery_codes[0])
    assert (await browser.me(token)).id == secured.person.id
    again = browser.finish(answer, code=secured.recovery_codes[1])
    assert (await refusal(again)).code == "oauth_state_invalid"


async def test_the_code_may_come_at_once(browser: Browser, secured: Secured) -> None:
    answer = await answer_to(await browser.begin(), "honest")
    token = await browser.finish(answer, code=secured.recovery_codes[0])
    assert (await browser.me(token)).id == secured.person.id


async def test_a_code_is_of_no_use_to_another_client_or_without_the_issuer(
    browser: Browser, secured: Secured
) -> None:
    answer = await come_back(browser)
    slipped = pb.ProviderAnswer()
    slipped.CopyFrom(answer)
    slipped.client_token = (await browser.begin()).client_token
    error = await refusal(browser.finish(slipped, code=secured.recovery_codes[0]))
    assert error.code == "oauth_state_invalid"
    error = await refusal(browser.finish(answer))
    assert error.code == "oauth_state_invalid"
    assert await browser.finish(answer, code=secured.recovery_codes[0])


async def test_of_two_right_codes_at_once_one_opens_a_session(
    browser: Browser, secured: Secured
) -> None:
    answer = await come_back(browser)
    outcomes = await asyncio.gather(
        *(browser.finish(answer, code=code) for code in secured.recovery_codes[:2]),
        return_exceptions=True,
    )
    assert sorted(getattr(each, "code", "") for each in outcomes) == ["", "oauth_state_invalid"]


async def test_tries_are_counted_as_at_any_other_login(browser: Browser, secured: Secured) -> None:
    answer = await come_back(browser)
    for _ in range(MAX_TRIES):
        error = await refusal(browser.finish(answer, code="not-a-code"))
        assert error.code == "invalid_totp_code"
    error = await refusal(browser.finish(answer, code=secured.recovery_codes[0]))
    assert (error.kind, error.code) == ("too_many", "too_many_attempts")


async def test_a_login_that_waits_for_a_code_ends(
    browser: Browser, secured: Secured, db: Database
) -> None:
    answer = await come_back(browser)
    await db.execute("UPDATE begun_login SET expires_at = now() - interval '1 second'")
    error = await refusal(browser.finish(answer, code=secured.recovery_codes[0]))
    assert error.code == "oauth_state_invalid"


async def test_a_login_that_waits_is_used_up_although_the_factor_is_gone(
    browser: Browser, secured: Secured, db: Database
) -> None:
    answer = await come_back(browser)
    gone = (
        "DELETE FROM totp_factor WHERE account_id IN (SELECT id FROM account WHERE email = %(e)s)"
    )
    await db.execute(gone, {"e": secured.person.email})
    assert await browser.finish(answer, code="any")
    assert (await refusal(browser.finish(answer, code="any"))).code == "oauth_state_invalid"


async def test_ways_in_are_made_and_ended_after_a_step_up(
    browser: Browser, secured: Secured, issuers: dict[str, Issuer]
) -> None:
    await issuers["other"].expect(user=somebody())
    person = secured.person
    for call in (browser.begin("other", person), browser.unlink(person)):
        error = await refusal(call)
        assert (error.kind, error.code) == ("forbidden", "step_up_required")
    proven = await step_up(browser.client, person, totp_code=secured.recovery_codes[0])
    stepped_up = Person(person.id, person.email, proven.access_token, "")
    await browser.link(stepped_up, "other")
    await browser.unlink(stepped_up)
    assert await browser.linked(person) == ["other"]
