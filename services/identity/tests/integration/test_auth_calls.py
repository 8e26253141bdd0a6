"""AuthService and KeyService end to end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import REGISTRY

from chassis.auth import AccessTokenVerifier
from chassis.database import Database
from services.identity.tests.builders import PASSWORD, make_email
from services.identity.tests.integration.conftest import (
    Client,
    Person,
    fail_for_minutes,
    refusal,
)
from soko.identity.v1 import account_pb2, auth_pb2, key_pb2, seller_pb2


async def register(client: Client, **changes: str) -> auth_pb2.RegisterResponse:
    fields = {"email": make_email(), "password": PASSWORD, "name": "Sample", **changes}
    answer: auth_pb2.RegisterResponse = await client.call(
        client.auth.Register, auth_pb2.RegisterRequest(**fields)
    )
    return answer


async def log_in(client: Client, email: str, password: str = PASSWORD) -> auth_pb2.Tokens:
    answer = await client.call(
        client.auth.Login, auth_pb2.LoginRequest(email=email, password=password)
    )
    tokens: auth_pb2.Tokens = answer.tokens
    return tokens


async def refresh(client: Client, token: str) -> auth_pb2.Tokens:
    answer = await client.call(client.auth.Refresh, auth_pb2.RefreshRequest(refresh_token=token))
    tokens: auth_pb2.Tokens = answer.tokens
    return tokens


async def me(client: Client, by: Person | str | None) -> account_pb2.Account:
    answer = await client.call(client.accounts.GetMe, account_pb2.GetMeRequest(), by)
    account: account_pb2.Account = answer.account
    return account


async def published_keys(client: Client) -> str:
    answer = await client.call(client.keys.GetJwks, key_pb2.GetJwksRequest())
    jwks: str = answer.jwks_json
    return jwks


async def test_a_registered_person_is_somebody_at_once(client: Client) -> None:
    email = make_email()
    answer = await register(client, email=email, name=" Sample ", locale="SW-ke")
    account = await me(client, answer.tokens.access_token)
    assert account == answer.account
    assert account.id.startswith("usr_")
    assert (account.email, account.name, account.locale) == (email, "Sample", "sw-KE")
    assert list(account.roles) == ["buyer"]
    assert answer.tokens.expires_in_s == 600


async def test_a_token_says_what_the_published_key_verifies(client: Client) -> None:
    answer = await register(client)
    verifier = AccessTokenVerifier(lambda: published_keys(client))
    actor = await verifier.verify(answer.tokens.access_token)
    assert actor.account_id == answer.account.id
    assert actor.session_id.startswith("ses_")
    assert actor.roles == {"buyer"}
    [key] = json.loads(await published_keys(client))["keys"]
    assert (key["kty"], key["crv"], key["use"]) == ("OKP", "Ed25519", "sig")
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not-an-address"),
        ("email", "a@b"),
        ("email", "a\0b@soko.example"),
        ("email", "a@" + "b" * 260 + ".example"),
        ("name", " "),
        ("name", "x" * 121),
        ("name", "As\0ha"),
        ("name", "As\u2028ha"),
        ("name", "\u202eahsA"),
        ("locale", "Kiswahili!"),
        ("password", "short"),
        ("password", "x" * 129),
    ],
)
async def test_a_registration_with_a_wrong_field_is_refused_and_says_which(
    client: Client, field: str, value: str
) -> None:
    error = await refusal(register(client, **{field: value}))
    assert (error.kind, error.code) == ("invalid", "validation_failed")
    assert [violation.pointer for violation in error.violations] == [f"/{field}"]


async def test_a_password_that_everybody_tries_is_refused(client: Client) -> None:
    error = await refusal(register(client, password="Password123"))
    assert (error.kind, error.code) == ("invalid", "weak_password")
    assert [violation.pointer for violation in error.violations] == ["/password"]


async def test_of_registrations_of_one_address_at_once_one_succeeds(client: Client) -> None:
    email = make_email()
    outcomes = await asyncio.gather(
        *(register(client, email=email) for _ in range(5)), return_exceptions=True
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [getattr(error, "code", error) for error in errors] == ["email_taken"] * 4
    assert {getattr(error, "kind", error) for error in errors} == {"conflict"}


async def test_a_person_logs_in_whatever_the_case_of_the_address(client: Client) -> None:
    person = await client.person()
    tokens = await log_in(client, f"  {person.email.upper()} ")
    assert (await me(client, tokens.access_token)).id == person.id


@pytest.mark.parametrize("password", ["", "wrong-password", "x" * 1000, PASSWORD + "\0"])
async def test_a_wrong_password_opens_nothing(client: Client, password: str) -> None:
    person = await client.person()
    error = await refusal(log_in(client, person.email, password))
    assert (error.kind, error.code) == ("unauthenticated", "invalid_credentials")


@pytest.mark.parametrize("email", ["", "nobody@soko.example", "a\0b@soko.example", "x" * 5000])
async def test_an_unknown_address_is_refused_like_a_wrong_password(
    client: Client, email: str
) -> None:
    person = await client.person()
    wrong = await refusal(log_in(client, person.email, "wrong-password"))
    unknown = await refusal(log_in(client, email))
    assert (unknown.kind, unknown.code, unknown.detail) == (wrong.kind, wrong.code, wrong.detail)


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(client: Client) -> None:
    person = await client.person()

    async def fastest(email: str) -> float:
        taken = []
        for _ in range(5):
            started = time.perf_counter()
            await refusal(log_in(client, email, "wrong-password"))
            taken.append(time.perf_counter() - started)
        return min(taken)

    known, unknown = await fastest(person.email), await fastest(make_email())
    assert unknown > known / 3


async def test_a_refresh_gives_new_tokens_of_the_same_session(client: Client) -> None:
    person = await client.person()
    tokens = await refresh(client, person.refresh_token)
    assert tokens.refresh_token != person.refresh_token
    assert (await me(client, tokens.access_token)).id == person.id
    assert (await refresh(client, tokens.refresh_token)).refresh_token != tokens.refresh_token


async def test_reuse_of_a_refresh_token_ends_its_session_alone(client: Client) -> None:
    person = await client.person()
    elsewhere = await log_in(client, person.email)
    tokens = await refresh(client, person.refresh_token)
    error = await refusal(refresh(client, person.refresh_token))
    assert (error.kind, error.code) == ("unauthenticated", "refresh_token_reused")
    error = await refusal(refresh(client, tokens.refresh_token))
    assert (error.kind, error.code) == ("unauthenticated", "invalid_refresh_token")
    error = await refusal(me(client, tokens.access_token))
    assert (error.kind, error.code) == ("unauthenticated", "session_revoked")
    assert (await me(client, elsewhere.access_token)).id == person.id


async def test_refreshing_twice_at_once_never_leaves_two_good_tokens(client: Client) -> None:
    person = await client.person()
    outcomes = await asyncio.gather(
        *(refresh(client, person.refresh_token) for _ in range(8)), return_exceptions=True
    )
    given = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(given) == 1
    codes = {getattr(outcome, "code", "") for outcome in outcomes} - {""}
    assert codes == {"refresh_token_reused"}
    error = await refusal(refresh(client, given[0].refresh_token))
    assert error.code == "invalid_refresh_token"


@pytest.mark.parametrize("token", ["", "unknown", "\0", "x" * 10_000, "é"])
async def test_what_is_no_refresh_token_is_refused(client: Client, token: str) -> None:
    error = await refusal(refresh(client, token))
    assert (error.kind, error.code) == ("unauthenticated", "invalid_refresh_token")


async def test_after_logout_nothing_of_the_session_works(client: Client) -> None:
    person = await client.person()
    answer = await client.call(client.auth.Logout, auth_pb2.LogoutRequest(), person)
    listing = auth_pb2.ListRevokedSessionsRequest()
    revoked = await client.call_as_service(
        client.auth.ListRevokedSessions, listing, "gateway-itself"
    )
    assert answer.session_id in revoked.session_ids
    assert (await refusal(refresh(client, person.refresh_token))).code == "invalid_refresh_token"
    for method, request in [
        (client.accounts.GetMe, account_pb2.GetMeRequest()),
        (client.accounts.UpdateMe, account_pb2.UpdateMeRequest(name="Else")),
        (client.auth.Logout, auth_pb2.LogoutRequest()),
        (client.auth.CreateWsTicket, auth_pb2.CreateWsTicketRequest()),
        (client.sellers.OpenSeller, seller_pb2.OpenSellerRequest(name="Duka")),
        (client.sellers.UpdateSeller, seller_pb2.UpdateSellerRequest(id_or_slug="duka")),
        (client.sellers.ListMembers, seller_pb2.ListMembersRequest(id_or_slug="duka")),
        (client.sellers.PutMember, seller_pb2.PutMemberRequest(id_or_slug="duka")),
        (
            client.sellers.RemoveMember,
            seller_pb2.RemoveMemberRequest(id_or_slug="duka", account_id=person.id),
        ),
        (client.accounts.SetRoles, account_pb2.SetRolesRequest(account_id=person.id)),
    ]:
        error = await refusal(client.call(method, request, person))
        assert (error.kind, error.code) == ("unauthenticated", "session_revoked")


async def test_a_guest_and_a_forger_are_nobody(client: Client) -> None:
    assert (await refusal(me(client, None))).code == "authentication_required"
    person = await client.person()
    forged = person.access_token[:-8] + "AAAAAAAA"
    assert (await refusal(me(client, forged))).code == "invalid_token"


async def test_a_ticket_names_its_owner_once(
    client: Client, grant: Callable[[Person, str], Awaitable[None]]
) -> None:
    person = await client.person()
    await grant(person, "operator")
    ticket = await client.call(client.auth.CreateWsTicket, auth_pb2.CreateWsTicketRequest(), person)
    request = auth_pb2.RedeemWsTicketRequest(ticket=ticket.ticket)
    assert (await refusal(client.call(client.auth.RedeemWsTicket, request))).kind == "forbidden"
    redeem = client.auth.RedeemWsTicket
    found = await client.call_as_service(redeem, request, "gateway-itself")
    assert found.account_id == person.id
    assert list(found.roles) == ["buyer", "operator"]
    error = await refusal(client.call_as_service(redeem, request, "gateway-itself"))
    assert (error.kind, error.code) == ("unauthenticated", "ticket_invalid")


async def test_logins_that_failed_often_wait_whoever_has_the_name(
    client: Client, db: Database
) -> None:
    person = await client.person()
    for email in (person.email, make_email()):
        assert (await refusal(log_in(client, email, "wrong wrong"))).code == "invalid_credentials"
        await fail_for_minutes(db, email)
        for password in ("wrong wrong", PASSWORD):
            error = await refusal(log_in(client, email, password))
            assert (error.kind, error.code) == ("too_many", "too_many_attempts")
            assert 60 < error.extra["retry_after_s"] < 900


async def test_logins_are_counted_by_outcome(client: Client) -> None:
    def told(outcome: str) -> float:
        return REGISTRY.get_sample_value("soko_logins_total", {"outcome": outcome}) or 0.0

    email = make_email()
    await register(client, email=email)
    succeeded, failed = told("ok"), told("invalid_credentials")
    await log_in(client, email)
    await refusal(log_in(client, email, "a wrong password"))
    assert (told("ok"), told("invalid_credentials")) == (succeeded + 1, failed + 1)
