"""Whose account an identity leads into, and who decides that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.database import Database
from chassis.ids import parse_id
from devstack.testing import eventually
from identity.adapters.external_identity_store import ExternalIdentityStore
from services.identity.tests.builders import PASSWORD, make_email
from services.identity.tests.integration.conftest import Person, refusal
from services.identity.tests.integration.external_login.issuers import (
    Browser,
    Issuer,
    accounts_of,
    answer_to,
    somebody,
)
from soko.identity.v1 import account_pb2, auth_pb2
from soko.identity.v1 import external_login_pb2 as pb


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email_verified": 2},
        {"email": ""},
        {"email": "no address"},
    ],
)
async def test_no_account_is_made_for_an_address_that_the_issuer_does_not_vouch_for(
    browser: Browser, honest: Issuer, db: Database, claims: dict[str, Any]
) -> None:
    person = somebody(**claims)
    await honest.expect(user=person)
    error = await refusal(browser.log_in())
    assert (error.kind, error.code) == ("forbidden", "email_not_verified")
    assert await accounts_of(db, person["email"]) == 0


@pytest.mark.parametrize("verified", [True, False])
async def test_an_address_never_leads_into_an_account(
    browser: Browser, honest: Issuer, verified: bool
) -> None:
    """Whoever has the address at some issuer, or registered it first, gets nothing of the other."""
    owner = await browser.client.person()
    await honest.expect(user=somebody(email=owner.email.upper(), email_verified=verified))
    error = await refusal(browser.log_in())
    assert error.code == ("account_exists" if verified else "email_not_verified")
    assert await browser.linked(owner) == []


async def test_an_account_of_one_issuer_is_not_that_of_the_same_subject_at_another(
    browser: Browser, issuers: dict[str, Issuer]
) -> None:
    first = somebody()
    await issuers["honest"].expect(user=first)
    account = await browser.me(await browser.log_in())
    await issuers["other"].expect(user={**first, "email": make_email()})
    assert (await browser.me(await browser.log_in("other"))).id != account.id
    await issuers["other"].expect(user=somebody(email=first["email"]))
    assert (await refusal(browser.log_in("other"))).code == "account_exists"


async def test_who_logs_in_may_link_and_then_comes_in_both_ways(
    browser: Browser, honest: Issuer
) -> None:
    owner = await browser.owner()
    # Another address, unverified: the account's owner is here and says that it is them.
    await honest.expect(user=somebody(email="else@soko.example", email_verified=False))
    linked = await browser.link(owner)
    assert (linked.provider, linked.email) == ("honest", "else@soko.example")
    assert (await browser.me(await browser.log_in())).id == owner.id
    await browser.client.call(
        browser.client.auth.Login, auth_pb2.LoginRequest(email=owner.email, password=PASSWORD)
    )
    assert (await refusal(browser.begin("honest", owner))).code == "already_linked"


async def test_who_registered_anothers_address_leaves_no_way_in(
    browser: Browser, honest: Issuer
) -> None:
    """A link of the attacker's own login would outlive the victim's password reset."""
    await honest.expect(user=somebody())
    attacker = await browser.client.person()
    error = await refusal(browser.begin("honest", attacker))
    assert (error.kind, error.code) == ("forbidden", "email_not_verified")


async def test_an_identity_leads_into_one_account(browser: Browser, honest: Issuer) -> None:
    await honest.expect(user=somebody())
    first, second = await browser.owner(), await browser.owner()
    await browser.link(first)
    error = await refusal(browser.link(second))
    assert (error.kind, error.code) == ("conflict", "identity_taken")
    assert await browser.linked(second) == []


async def test_of_two_links_that_end_at_once_one_stays(browser: Browser, honest: Issuer) -> None:
    owner = await browser.owner()
    answers = []
    for _ in range(2):
        await honest.expect(user=somebody())
        answers.append(await answer_to(await browser.begin("honest", owner), "honest"))
    outcomes = await asyncio.gather(
        *(browser.finish_link(answer, owner) for answer in answers), return_exceptions=True
    )
    assert [getattr(outcome, "code", "") for outcome in outcomes].count("already_linked") == 1


async def test_a_begun_link_is_finished_by_its_account_as_a_link(
    browser: Browser, honest: Issuer
) -> None:
    """An attacker's link, slipped to a victim, would let the attacker into the victim's account."""
    await honest.expect(user=somebody())
    attacker, victim = await browser.owner(), await browser.owner()
    answer = await answer_to(await browser.begin("honest", attacker), "honest")
    assert (await refusal(browser.finish_link(answer, victim))).code == "oauth_state_invalid"
    assert (await refusal(browser.finish(answer))).code == "oauth_state_invalid"
    login = await answer_to(await browser.begin(), "honest")
    assert (await refusal(browser.finish_link(login, victim))).code == "oauth_state_invalid"
    assert await browser.linked(victim) == []
    assert (await browser.finish_link(answer, attacker)).provider == "honest"


async def test_a_guest_and_an_ended_session_link_nothing(browser: Browser, honest: Issuer) -> None:
    await honest.expect(user=somebody())
    owner = await browser.owner()
    answer = await answer_to(await browser.begin("honest", owner), "honest")
    logout = auth_pb2.LogoutRequest()
    await browser.client.call(browser.client.auth.Logout, logout, owner)
    assert (await refusal(browser.finish_link(answer, owner))).code == "session_revoked"
    for call in (browser.begin("honest", owner), browser.linked(owner), browser.unlink(owner)):
        assert (await refusal(call)).code == "session_revoked"
    guest = browser.client.call(browser.rpc.BeginLink, pb.BeginLinkRequest(provider="honest"))
    assert (await refusal(guest)).kind == "unauthenticated"


async def test_an_unlinked_identity_opens_nothing_any_more(
    browser: Browser, honest: Issuer
) -> None:
    owner = await browser.owner()
    await honest.expect(user=somebody(email=owner.email))
    await browser.link(owner)
    await browser.unlink(owner)
    assert await browser.linked(owner) == []
    assert (await refusal(browser.log_in())).code == "account_exists"
    assert (await refusal(browser.unlink(owner))).kind == "not_found"


async def test_the_last_way_in_stays(
    browser: Browser, issuers: dict[str, Issuer], db: Database
) -> None:
    for issuer in issuers.values():
        await issuer.expect(user=somebody())
    token = await browser.log_in()
    me = await browser.me(token)
    assert (await refusal(browser.unlink(token))).code == "last_login_method"
    owner = Person(me.id, me.email, token, "")
    await browser.link(owner, "other")
    # Both at once: whichever comes first, the other stays.
    outcomes = await asyncio.gather(
        browser.unlink(token, "honest"), browser.unlink(token, "other"), return_exceptions=True
    )
    codes = sorted(getattr(outcome, "code", "") for outcome in outcomes)
    assert codes == ["", "last_login_method"]
    [left] = await browser.linked(token)
    # A provider that is switched off lets nobody in.
    await db.execute(
        "INSERT INTO external_identity (issuer, subject, account_id, provider, email, linked_at)"
        " SELECT 'https://off.example', id::text, id, 'off', '', now()"
        " FROM account WHERE email = %(email)s",
        {"email": me.email},
    )
    assert (await refusal(browser.unlink(token, left))).code == "last_login_method"
    await browser.unlink(token, "off")
    assert await browser.linked(token) == [left]


async def test_who_unlinks_waits_for_who_unlinks_already(
    browser: Browser, issuers: dict[str, Issuer], db: Database
) -> None:
    for issuer in issuers.values():
        await issuer.expect(user=somebody())
    token = await browser.log_in()
    me = await browser.me(token)
    await browser.link(Person(me.id, me.email, token, ""), "other")

    async def is_waiting() -> bool:
        waiting = await db.fetch_one(
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE '%%has_password%%FOR UPDATE%%'"
        )
        return waiting is not None

    store = ExternalIdentityStore(db, lambda: None)
    async with store.ways_in(parse_id("usr", me.id)) as ways:
        ways.unlink("honest", {issuer.url for issuer in issuers.values()})
        second = asyncio.create_task(browser.unlink(token, "other"))
        await eventually(is_waiting)
    assert (await refusal(second)).code == "last_login_method"


async def test_a_deleted_account_leaves_its_identity_free(
    browser: Browser, honest: Issuer, db: Database
) -> None:
    owner = await browser.owner()
    await honest.expect(user=somebody())
    await browser.link(owner)
    waiting = await answer_to(await browser.begin("honest"), "honest")
    delete = account_pb2.DeleteAccountRequest(password=PASSWORD)
    await browser.client.call(browser.client.accounts.DeleteAccount, delete, owner)
    left = "SELECT FROM external_identity WHERE account_id = %(id)s"
    assert not await db.fetch_all(left, {"id": parse_id("usr", owner.id)})
    assert (await browser.me(await browser.finish(waiting))).id != owner.id
