"""Logins that wait after others failed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from chassis.clock import FixedClock
from chassis.errors import ServiceError, unavailable
from identity.adapters.totp_seeds import SealedTotpSeeds
from identity.adapters.vault import Vault
from identity.app.guarded_login import GuardedLogInHandler
from identity.app.login import LogIn, LogInHandler
from identity.app.prove import Prover
from identity.domain.errors import InvalidCredentials, TooManyAttempts
from identity.domain.login_backoff import NAME_AT_ADDRESS
from services.identity.tests.attempt_fakes import MemoryLoginAttempts
from services.identity.tests.builders import PASSWORD, make_email, registered
from services.identity.tests.conftest import Stores
from services.identity.tests.fakes import PlainPasswords, ReadableTokens

HERE, THERE = "203.0.113.1", "203.0.113.2"


@pytest.fixture
def passwords() -> PlainPasswords:
    return PlainPasswords()


@pytest.fixture
def log_in(
    memory_stores: Stores, passwords: PlainPasswords, clock: FixedClock
) -> GuardedLogInHandler:
    stores = memory_stores
    seeds = SealedTotpSeeds(Vault([bytes(32)]), "Soko")
    prover = Prover(stores.accounts, stores.factors, seeds, passwords)
    handler = LogInHandler(
        stores.accounts, stores.sessions, passwords, ReadableTokens(), clock, prover
    )
    return GuardedLogInHandler(handler, MemoryLoginAttempts(), clock)


async def with_password(stores: Stores, email: str) -> None:
    account, _, _ = await registered(stores.accounts, email)
    await stores.accounts.replace_hash(account.id, "hash-1", f"hash of {PASSWORD}")


async def outcome(log_in: GuardedLogInHandler, email: str, password: str, address: str) -> str:
    try:
        await log_in.handle(LogIn(email, password), address)
    except (InvalidCredentials, TooManyAttempts) as error:
        return error.code
    return "in"


@pytest.mark.parametrize("known", [True, False])
async def test_names_that_nobody_has_wait_like_those_that_somebody_has(
    log_in: GuardedLogInHandler, memory_stores: Stores, passwords: PlainPasswords, known: bool
) -> None:
    email = make_email()
    if known:
        await with_password(memory_stores, email)
    tries = NAME_AT_ADDRESS.free + 1
    told = [await outcome(log_in, email, "wrong wrong", HERE) for _ in range(tries + 3)]
    assert told == ["invalid_credentials"] * tries + ["too_many_attempts"] * 3
    assert passwords.checked == tries


async def test_the_right_password_waits_too_and_then_gets_in(
    log_in: GuardedLogInHandler, memory_stores: Stores, clock: FixedClock
) -> None:
    email = make_email()
    await with_password(memory_stores, email)
    for _ in range(NAME_AT_ADDRESS.free + 1):
        await outcome(log_in, email, "wrong wrong", HERE)
    with pytest.raises(TooManyAttempts) as waits:
        await log_in.handle(LogIn(email, PASSWORD), HERE)
    assert waits.value.extra == {"retry_after_s": 1}
    assert await outcome(log_in, email, PASSWORD, THERE) == "in"
    clock.advance(timedelta(seconds=1))
    assert await outcome(log_in, email, PASSWORD, HERE) == "in"
    assert await outcome(log_in, email, "wrong wrong", HERE) == "invalid_credentials"


async def test_right_passwords_that_come_at_once_do_not_make_each_other_wait(
    log_in: GuardedLogInHandler,
    memory_stores: Stores,
    passwords: PlainPasswords,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    email = make_email()
    await with_password(memory_stores, email)
    matches = passwords.matches

    async def slowly(password: str, hashed: str | None) -> bool:
        for _ in range(5):
            await asyncio.sleep(0)
        return await matches(password, hashed)

    monkeypatch.setattr(passwords, "matches", slowly)
    told = await asyncio.gather(
        *(outcome(log_in, email, PASSWORD, HERE) for _ in range(4 * NAME_AT_ADDRESS.free))
    )
    assert set(told) == {"in"}
    assert not log_in.turns


async def test_case_and_neighbouring_addresses_are_the_same_attempt(
    log_in: GuardedLogInHandler,
) -> None:
    email = make_email()
    spellings = (email, email.upper())
    told = [
        await outcome(log_in, spellings[number % 2], "wrong wrong", f"2001:db8::{number}")
        for number in range(NAME_AT_ADDRESS.free + 2)
    ]
    assert told[-1] == "too_many_attempts"


async def test_an_attempt_that_nobody_looked_at_does_not_count(
    log_in: GuardedLogInHandler, passwords: PlainPasswords, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_password: str, _hashed: str | None) -> bool:
        raise unavailable("identity")

    async def gone(_password: str, _hashed: str | None) -> bool:
        raise asyncio.CancelledError

    email = make_email()
    for matches in (busy, gone):
        with monkeypatch.context() as while_busy:
            while_busy.setattr(passwords, "matches", matches)
            for _ in range(NAME_AT_ADDRESS.free + 5):
                with pytest.raises((ServiceError, asyncio.CancelledError)):
                    await log_in.handle(LogIn(email, PASSWORD), HERE)
    assert await outcome(log_in, email, "wrong wrong", HERE) == "invalid_credentials"
