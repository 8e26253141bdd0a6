"""CredentialService and logins with a second factor, end to end."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from chassis.auth import AccessTokenVerifier
from chassis.errors import ServiceError
from identity.domain.second_factor import MAX_TRIES
from services.identity.tests.builders import PASSWORD
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.identity.v1 import api_key_pb2, auth_pb2, credential_pb2, key_pb2

WRONG = "not-a-code"


@dataclass
class Secured:
    """A person with a second factor, and what the app and the drawer hold."""

    person: Person
    secret: str
    totp: TOTP
    recovery_codes: list[str]

    def code(self, steps_ahead: int = 0) -> str:
        """Return a code; one step ahead is taken too, and is not the one that confirmed."""
        return self.totp.generate(int(time.time()) + 30 * steps_ahead).decode()


def app_of(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30)


async def start(client: Client, person: Person) -> str:
    """Return the secret that the app is given."""
    answer = await client.call(
        client.credentials.StartTotp, credential_pb2.StartTotpRequest(), person
    )
    assert answer.secret in answer.otpauth_uri
    secret: str = answer.secret
    return secret


async def confirm(client: Client, person: Person, code: str) -> list[str]:
    answer = await client.call(
        client.credentials.ConfirmTotp, credential_pb2.ConfirmTotpRequest(code=code), person
    )
    return list(answer.recovery_codes)


@pytest.fixture
async def secured(client: Client) -> Secured:
    person = await client.person()
    secret = await start(client, person)
    totp = app_of(secret)
    codes = await confirm(client, person, totp.generate(int(time.time())).decode())
    return Secured(person, secret, totp, codes)


async def log_in(client: Client, person: Person, code: str = "", password: str = PASSWORD) -> Any:
    answer = await client.call(
        client.auth.Login,
        auth_pb2.LoginRequest(email=person.email, password=password, totp_code=code),
    )
    return answer.tokens


async def step_up(client: Client, by: Person | str, **proof: str) -> Any:
    return await client.call(client.credentials.StepUp, credential_pb2.StepUpRequest(**proof), by)


async def remove(client: Client, by: Person | str) -> None:
    await client.call(client.credentials.RemoveTotp, credential_pb2.RemoveTotpRequest(), by)


async def actor_of(client: Client, token: str) -> Any:
    async def keys() -> str:
        answer = await client.call(client.keys.GetJwks, key_pb2.GetJwksRequest())
        jwks: str = answer.jwks_json
        return jwks

    return await AccessTokenVerifier(keys).verify(token)


def facts(error: ServiceError) -> tuple[str, str]:
    return error.kind, error.code


async def test_a_login_asks_for_the_code_once_the_password_is_right(
    client: Client, secured: Secured
) -> None:
    person = secured.person
    assert len(set(secured.recovery_codes)) == 10
    missing = await refusal(log_in(client, person))
    assert facts(missing) == ("unauthenticated", "totp_required")
    unknown = replace(person, email="nobody@soko.example")
    for who, code in ((person, ""), (person, WRONG), (unknown, WRONG), (unknown, "")):
        wrong = await refusal(log_in(client, who, code, "not the password"))
        assert facts(wrong) == ("unauthenticated", "invalid_credentials")
    wrong = await refusal(log_in(client, person, WRONG))
    assert facts(wrong) == ("unauthenticated", "invalid_totp_code")
    tokens = await log_in(client, person, secured.code(1))
    actor = await actor_of(client, tokens.access_token)
    assert actor.second_factor
    # A login is no step-up: only an explicit proof lets money move.
    assert not actor.stepped_up_until


async def test_the_code_that_confirmed_does_not_log_in(client: Client) -> None:
    person = await client.person()
    code = app_of(await start(client, person)).generate(int(time.time())).decode()
    await confirm(client, person, code)
    assert facts(await refusal(log_in(client, person, code))) == (
        "unauthenticated",
        "invalid_totp_code",
    )


async def test_of_logins_with_one_code_at_once_one_succeeds(
    client: Client, secured: Secured
) -> None:
    code = secured.code(1)
    outcomes = await asyncio.gather(
        *(log_in(client, secured.person, code) for _ in range(4)), return_exceptions=True
    )
    errors = [facts(each) for each in outcomes if isinstance(each, ServiceError)]
    assert errors == [("unauthenticated", "invalid_totp_code")] * 3


async def test_of_wrong_codes_at_once_five_are_looked_at(client: Client, secured: Secured) -> None:
    outcomes = await asyncio.gather(
        *(log_in(client, secured.person, f"00000{number}x") for number in range(8)),
        return_exceptions=True,
    )
    errors = [facts(each) for each in outcomes if isinstance(each, ServiceError)]
    assert errors.count(("unauthenticated", "invalid_totp_code")) == MAX_TRIES
    assert errors.count(("too_many", "too_many_attempts")) == 3
    locked = await refusal(log_in(client, secured.person, secured.code(1)))
    assert facts(locked) == ("too_many", "too_many_attempts")
    retry_after_s = locked.extra["retry_after_s"]
    assert isinstance(retry_after_s, int)
    assert 800 < retry_after_s <= 900
    # The lock is for proofs: whoever does not know the password learns nothing of it.
    wrong = await refusal(log_in(client, secured.person, WRONG, "not the password"))
    assert facts(wrong) == ("unauthenticated", "invalid_credentials")


async def test_a_recovery_code_logs_in_once(client: Client, secured: Secured) -> None:
    code = secured.recovery_codes[3]
    outcomes = await asyncio.gather(
        *(log_in(client, secured.person, code.upper()) for _ in range(3)), return_exceptions=True
    )
    errors = [facts(each) for each in outcomes if isinstance(each, ServiceError)]
    assert errors == [("unauthenticated", "invalid_totp_code")] * 2
    assert await log_in(client, secured.person, secured.recovery_codes[4])


@pytest.mark.parametrize("proof", ["code", "password"])
async def test_a_step_up_counts_for_five_minutes(
    client: Client, secured: Secured, proof: str
) -> None:
    given = {"totp_code": secured.code(1)} if proof == "code" else {"password": PASSWORD}
    answer = await step_up(client, secured.person, **given)
    assert (answer.expires_in_s, answer.step_up_expires_in_s) == (600, 300)
    actor = await actor_of(client, answer.access_token)
    actor.require_step_up()
    before = await actor_of(client, secured.person.access_token)
    assert actor.session_id == before.session_id
    assert time.time() + 290 < actor.stepped_up_until <= time.time() + 300


async def test_a_step_up_does_not_outlive_its_access_token(
    client: Client, secured: Secured
) -> None:
    await step_up(client, secured.person, password=PASSWORD)
    answer = await client.call(
        client.auth.Refresh, auth_pb2.RefreshRequest(refresh_token=secured.person.refresh_token)
    )
    actor = await actor_of(client, answer.tokens.access_token)
    assert actor.second_factor
    assert not actor.stepped_up_until


async def test_wrong_proofs_do_not_step_up_and_are_counted(
    client: Client, secured: Secured
) -> None:
    person = secured.person
    error = await refusal(step_up(client, person, totp_code=WRONG))
    assert facts(error) == ("unauthenticated", "invalid_totp_code")
    for password in ("wrong", "x" * 5000):
        error = await refusal(step_up(client, person, password=password))
        assert facts(error) == ("unauthenticated", "invalid_credentials")
    for proof in ({}, {"totp_code": "1", "password": "2"}):
        assert facts(await refusal(step_up(client, person, **proof))) == (
            "invalid",
            "validation_failed",
        )
    for _ in range(MAX_TRIES - 3):
        await refusal(step_up(client, person, totp_code=WRONG))
    for proof in ({"totp_code": secured.code(1)}, {"password": PASSWORD}):
        error = await refusal(step_up(client, person, **proof))
        assert facts(error) == ("too_many", "too_many_attempts")


async def test_an_account_without_a_second_factor_may_step_up_by_password(client: Client) -> None:
    person = await client.person()
    answer = await step_up(client, person, password=PASSWORD)
    actor = await actor_of(client, answer.access_token)
    assert not actor.second_factor
    actor.require_step_up()
    assert facts(await refusal(step_up(client, person, totp_code="123456"))) == (
        "conflict",
        "totp_not_set",
    )


async def test_a_second_factor_is_taken_away_only_after_a_step_up(
    client: Client, secured: Secured
) -> None:
    # The token is older than the factor and says nothing of it.
    error = await refusal(remove(client, secured.person))
    assert facts(error) == ("forbidden", "step_up_required")
    answer = await step_up(client, secured.person, totp_code=secured.code(1))
    await remove(client, answer.access_token)
    assert facts(await refusal(remove(client, answer.access_token))) == (
        "conflict",
        "totp_not_set",
    )
    tokens = await log_in(client, secured.person)
    assert not (await actor_of(client, tokens.access_token)).second_factor
    assert await start(client, secured.person)


async def test_an_api_key_is_made_only_after_a_step_up(client: Client, secured: Secured) -> None:
    wanted = api_key_pb2.CreateApiKeyRequest(
        name="Till", scopes=["orders:read"], expires_in_days=30
    )
    error = await refusal(client.call(client.api_keys.CreateApiKey, wanted, secured.person))
    assert facts(error) == ("forbidden", "step_up_required")
    answer = await step_up(client, secured.person, totp_code=secured.code(1))
    assert (await client.call(client.api_keys.CreateApiKey, wanted, answer.access_token)).secret


async def test_a_factor_is_set_once_and_with_a_right_code(client: Client) -> None:
    person = await client.person()
    early = await refusal(confirm(client, person, "123456"))
    assert facts(early) == ("conflict", "totp_not_started")
    replaced = app_of(await start(client, person))
    totp = app_of(await start(client, person))
    for code in (WRONG, "", replaced.generate(int(time.time())).decode()):
        error = await refusal(confirm(client, person, code))
        assert facts(error) == ("unauthenticated", "invalid_totp_code")
    assert await log_in(client, person)
    await confirm(client, person, totp.generate(int(time.time())).decode())
    for call in (start(client, person), confirm(client, person, "123456")):
        assert facts(await refusal(call)) == ("conflict", "totp_already_set")


async def test_nothing_of_a_second_factor_is_stored_readably(
    client: Client, secured: Secured, db: Any
) -> None:
    rows = await db.fetch_all("SELECT sealed_seed FROM totp_factor")
    seed = base64.b32decode(secured.secret)
    assert all(seed not in bytes(row["sealed_seed"]) for row in rows)
    stored = await db.fetch_all("SELECT encode(hash, 'escape') AS text FROM recovery_code")
    assert not {row["text"] for row in stored} & set(secured.recovery_codes)


async def test_accounts_that_were_secured_lately_are_told_to_gateways(
    client: Client, secured: Secured
) -> None:
    answer = await client.call_as_service(
        client.auth.ListRevokedSessions, auth_pb2.ListRevokedSessionsRequest(), "gateway-itself"
    )
    assert secured.person.id in answer.secured_account_ids


async def test_guests_have_no_second_factor(client: Client) -> None:
    calls = [
        client.call(client.credentials.StartTotp, credential_pb2.StartTotpRequest()),
        client.call(client.credentials.ConfirmTotp, credential_pb2.ConfirmTotpRequest()),
        client.call(client.credentials.RemoveTotp, credential_pb2.RemoveTotpRequest()),
        client.call(client.credentials.StepUp, credential_pb2.StepUpRequest(password="x")),
    ]
    for call in calls:
        assert (await refusal(call)).kind == "unauthenticated"
