"""MailedLinkService end to end; the test stands for the service that sends the mails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.database import Database
from services.identity.tests.builders import PASSWORD, make_email
from services.identity.tests.integration.conftest import (
    Client,
    Person,
    fail_for_minutes,
    refusal,
)
from soko.events.v1 import identity_pb2 as events
from soko.identity.v1 import account_pb2, auth_pb2
from soko.identity.v1 import mailed_link_pb2 as pb

NEW_PASSWORD = "bougainvillea-in-bloom"


async def newest_request(db: Database, name: str) -> str:
    row = await db.fetch_one(
        "SELECT payload FROM outbox WHERE name = %(name)s ORDER BY id DESC LIMIT 1", {"name": name}
    )
    assert row is not None
    return events.PasswordResetRequested.FromString(row["payload"]).request_id


async def mint(client: Client, request_id: str) -> pb.MintTokenResponse:
    answer: pb.MintTokenResponse = await client.call_as_service(
        client.links.MintToken, pb.MintTokenRequest(request_id=request_id), "notifications"
    )
    return answer


async def reset_token(client: Client, db: Database, email: str) -> str:
    await client.call(
        client.links.RequestPasswordReset, pb.RequestPasswordResetRequest(email=email)
    )
    minted = await mint(client, await newest_request(db, "password_reset_requested"))
    assert (minted.purpose, minted.life_s) == ("password_reset", 1800)
    return minted.token


async def confirm(client: Client, token: str, password: str = NEW_PASSWORD) -> Any:
    return await client.call(
        client.links.ConfirmPasswordReset,
        pb.ConfirmPasswordResetRequest(token=token, new_password=password),
    )


async def log_in(client: Client, email: str, password: str) -> auth_pb2.LoginResponse:
    answer: auth_pb2.LoginResponse = await client.call(
        client.auth.Login, auth_pb2.LoginRequest(email=email, password=password)
    )
    return answer


async def me(client: Client, by: Person | str) -> account_pb2.Account:
    answer = await client.call(client.accounts.GetMe, account_pb2.GetMeRequest(), by)
    account: account_pb2.Account = answer.account
    return account


async def test_a_mailed_link_sets_a_new_password_and_ends_the_sessions(
    client: Client, db: Database
) -> None:
    person = await client.person()
    token = await reset_token(client, db, f" {person.email.upper()} ")
    answer = await confirm(client, token)
    assert len(answer.session_ids) == 1
    error = await refusal(
        client.call(
            client.auth.Refresh, auth_pb2.RefreshRequest(refresh_token=person.refresh_token)
        )
    )
    assert error.code == "invalid_refresh_token"
    assert (await refusal(log_in(client, person.email, PASSWORD))).code == "invalid_credentials"
    tokens = (await log_in(client, person.email, NEW_PASSWORD)).tokens
    assert (await me(client, tokens.access_token)).email_verified
    error = await refusal(confirm(client, token, PASSWORD))
    assert (error.kind, error.code) == ("unauthenticated", "link_invalid")


async def test_whom_strangers_keep_from_logging_in_gets_in_by_mail(
    client: Client, db: Database
) -> None:
    person = await client.person()
    token = await reset_token(client, db, person.email)
    await fail_for_minutes(db, person.email)
    error = await refusal(log_in(client, person.email, PASSWORD))
    assert error.code == "too_many_attempts"
    await confirm(client, token)
    assert (await log_in(client, person.email, NEW_PASSWORD)).tokens.access_token


async def test_of_two_confirmations_at_once_one_wins(client: Client, db: Database) -> None:
    person = await client.person()
    token = await reset_token(client, db, person.email)
    passwords = [f"{NEW_PASSWORD}-{n}" for n in range(2)]
    outcomes = await asyncio.gather(
        *(confirm(client, token, password) for password in passwords), return_exceptions=True
    )
    [winner] = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Exception)]
    await log_in(client, person.email, passwords[winner])
    await refusal(log_in(client, person.email, passwords[1 - winner]))


@pytest.mark.parametrize(
    ("password", "code"), [("short", "validation_failed"), ("Password123", "weak_password")]
)
async def test_a_password_that_is_refused_leaves_the_link_good(
    client: Client, db: Database, password: str, code: str
) -> None:
    person = await client.person()
    token = await reset_token(client, db, person.email)
    error = await refusal(confirm(client, token, password))
    assert (error.kind, error.code) == ("invalid", code)
    assert [violation.pointer for violation in error.violations] == ["/new_password"]
    await log_in(client, person.email, PASSWORD)
    await confirm(client, token)


async def test_a_token_is_stored_as_a_hash_only(client: Client, db: Database) -> None:
    person = await client.person()
    token = await reset_token(client, db, person.email)
    rows = await db.fetch_all("SELECT t::text AS everything FROM mailed_link_token t")
    assert rows
    assert not any(
        token in row["everything"] or token.encode().hex() in row["everything"] for row in rows
    )


@pytest.mark.parametrize("email", ["", "nobody@soko.example", "a\0b@soko.example", "x" * 5000])
async def test_an_unknown_address_is_taken_in_and_nothing_is_mailed(
    client: Client, db: Database, email: str
) -> None:
    await client.call(
        client.links.RequestPasswordReset, pb.RequestPasswordResetRequest(email=email)
    )
    error = await refusal(mint(client, await newest_request(db, "password_reset_requested")))
    assert error.kind == "not_found"


@pytest.mark.parametrize("token", ["", "x", "\0", "y" * 5000])
async def test_a_forged_token_is_refused(client: Client, token: str) -> None:
    assert (await refusal(confirm(client, token))).code == "link_invalid"
    verify = client.call(client.links.VerifyEmail, pb.VerifyEmailRequest(token=token))
    assert (await refusal(verify)).code == "link_invalid"


async def test_registration_asks_for_a_link_that_verifies_the_address(
    client: Client, db: Database
) -> None:
    email = make_email()
    person = await client.person(email)
    assert not (await me(client, person)).email_verified
    minted = await mint(client, await newest_request(db, "email_verification_requested"))
    assert (minted.purpose, minted.email, minted.life_s) == ("email_verification", email, 86400)
    verify = pb.VerifyEmailRequest(token=minted.token)
    await client.call(client.links.VerifyEmail, verify)
    assert (await me(client, person)).email_verified
    assert (await refusal(client.call(client.links.VerifyEmail, verify))).code == "link_invalid"


async def test_the_verification_mail_can_be_asked_for_anew(client: Client, db: Database) -> None:
    person, ask = await client.person(), pb.RequestEmailVerificationRequest()
    await client.call(client.links.RequestEmailVerification, ask, person)
    minted = await mint(client, await newest_request(db, "email_verification_requested"))
    assert minted.email == person.email
    await client.call(client.links.VerifyEmail, pb.VerifyEmailRequest(token=minted.token))
    error = await refusal(client.call(client.links.RequestEmailVerification, ask, person))
    assert (error.kind, error.code) == ("conflict", "email_already_verified")
    error = await refusal(client.call(client.links.RequestEmailVerification, ask))
    assert error.kind == "unauthenticated"


async def test_tokens_are_minted_for_services_only(client: Client, db: Database) -> None:
    person = await client.person()
    request = pb.MintTokenRequest(
        request_id=await newest_request(db, "email_verification_requested")
    )
    for caller in (person, None):
        error = await refusal(client.call(client.links.MintToken, request, caller))
        assert error.kind == "forbidden"
    for request_id in ("", "lnk_x", person.id):
        assert (await refusal(mint(client, request_id))).kind == "not_found"
