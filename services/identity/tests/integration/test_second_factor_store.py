"""One suite for second factors in memory and on PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import os
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from chassis.database import Database
from chassis.ids import format_id, new_id
from identity.adapters.second_factor_store import SecondFactorStore
from identity.adapters.totp_seeds import SealedTotpSeeds
from identity.adapters.vault import Vault
from identity.app.reseal_seeds import ResealSeeds
from identity.domain.account import email_key
from identity.domain.second_factor import LOCK_OUT, MAX_TRIES, UNCONFIRMED_LIFE, TotpFactor
from services.identity.tests.builders import NOW, registered
from services.identity.tests.conftest import Stores
from services.identity.tests.integration.test_events import events_of
from soko.events.v1 import identity_pb2 as events

HASHES = [bytes([number]) * 32 for number in range(3)]
SECOND = timedelta(seconds=1)


async def secured(stores: Stores, step: int = 100) -> tuple[UUID, TotpFactor]:
    """Return a new account and its confirmed factor."""
    account, _, _ = await registered(stores.accounts)
    assert await stores.factors.start(account.id, b"seed", NOW)
    factor = await stores.factors.find(account.id)
    assert factor is not None
    assert await stores.factors.confirm(account.id, factor, step, HASHES, NOW)
    found = await stores.factors.find(account.id)
    assert found == TotpFactor(b"seed", confirmed=True, last_step=step)
    return account.id, found


async def test_a_factor_counts_from_its_confirmation(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    key = email_key(account.email)

    async def says() -> list[bool]:
        found = await stores.accounts.of_session(account.id, caller.session_id, NOW)
        known = await stores.accounts.credentials_of(key)
        same = await stores.accounts.credentials_for(account.id)
        assert found is not None
        assert known is not None
        assert known == same
        return [found.second_factor, known.second_factor]

    assert await stores.factors.find(account.id) is None
    assert await stores.factors.start(account.id, b"first", NOW)
    assert await stores.factors.start(account.id, b"second", NOW)
    factor = await stores.factors.find(account.id)
    assert factor == TotpFactor(b"second", confirmed=False, last_step=0)
    assert await says() == [False, False]
    assert await stores.factors.confirm(account.id, factor, 7, HASHES, NOW)
    assert await says() == [True, True]
    assert not await stores.factors.start(account.id, b"third", NOW)


async def test_a_code_of_a_replaced_seed_confirms_nothing(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    await stores.factors.start(account.id, b"first", NOW)
    factor = await stores.factors.find(account.id)
    assert factor is not None
    await stores.factors.start(account.id, b"second", NOW)
    assert not await stores.factors.confirm(account.id, factor, 7, HASHES, NOW)
    assert not await stores.factors.use_recovery_code(account.id, HASHES[0])


async def test_of_confirmations_at_once_one_succeeds(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    await stores.factors.start(account.id, b"seed", NOW)
    factor = await stores.factors.find(account.id)
    assert factor is not None
    outcomes = await asyncio.gather(
        *(
            stores.factors.confirm(account.id, factor, 7, [bytes([number]) * 32], NOW)
            for number in range(5)
        )
    )
    assert sorted(outcomes) == [False] * 4 + [True]


async def test_of_callers_with_one_code_at_once_one_succeeds(stores: Stores) -> None:
    account_id, factor = await secured(stores)
    outcomes = await asyncio.gather(
        *(stores.factors.accept_step(account_id, factor, 101) for _ in range(10))
    )
    assert sorted(outcomes) == [False] * 9 + [True]
    assert not await stores.factors.accept_step(account_id, factor, 100)
    assert await stores.factors.accept_step(account_id, factor, 102)


async def test_a_step_is_not_taken_for_a_factor_that_does_not_count(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    await stores.factors.start(account.id, b"seed", NOW)
    factor = await stores.factors.find(account.id)
    assert factor is not None
    assert not await stores.factors.accept_step(account.id, factor, 101)
    account_id, _ = await secured(stores)
    other = TotpFactor(b"another", confirmed=True, last_step=0)
    assert not await stores.factors.accept_step(account_id, other, 101)


async def test_of_callers_with_one_recovery_code_at_once_one_succeeds(stores: Stores) -> None:
    account_id, _ = await secured(stores)
    foreign, _ = await secured(stores)
    assert not await stores.factors.use_recovery_code(account_id, b"x" * 32)
    outcomes = await asyncio.gather(
        *(stores.factors.use_recovery_code(account_id, HASHES[0]) for _ in range(10))
    )
    assert sorted(outcomes) == [False] * 9 + [True]
    assert await stores.factors.use_recovery_code(account_id, HASHES[1])
    assert await stores.factors.use_recovery_code(foreign, HASHES[0])


async def test_a_removed_factor_takes_its_codes_with_it(stores: Stores) -> None:
    account_id, factor = await secured(stores)
    assert await stores.factors.remove(account_id)
    assert not await stores.factors.remove(account_id)
    assert await stores.factors.find(account_id) is None
    assert not await stores.factors.use_recovery_code(account_id, HASHES[0])
    assert not await stores.factors.accept_step(account_id, factor, 101)


async def test_accounts_that_were_secured_lately_are_listed_newest_first(stores: Stores) -> None:
    account_id, _ = await secured(stores)
    assert account_id in await stores.factors.confirmed_since(NOW, 1000)
    assert account_id not in await stores.factors.confirmed_since(NOW + SECOND, 1000)


async def test_of_many_tries_at_once_five_are_made(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    outcomes = await asyncio.gather(*(stores.factors.take_try(account.id, NOW) for _ in range(12)))
    assert outcomes.count(None) == MAX_TRIES
    assert {outcome for outcome in outcomes if outcome} == {NOW + LOCK_OUT}


async def test_a_lock_out_ends_and_is_not_made_longer_by_trying(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    for _ in range(MAX_TRIES):
        assert await stores.factors.take_try(account.id, NOW) is None
    end = NOW + LOCK_OUT
    assert await stores.factors.take_try(account.id, end - SECOND) == end
    assert await stores.factors.take_try(account.id, end) is None
    for _ in range(MAX_TRIES - 1):
        assert await stores.factors.take_try(account.id, end) is None
    assert await stores.factors.take_try(account.id, end) == end + LOCK_OUT


@pytest.mark.parametrize("proof", ["step", "recovery code", "password"])
async def test_a_right_proof_forgets_the_wrong_ones(stores: Stores, proof: str) -> None:
    account_id, factor = await secured(stores)
    for _ in range(MAX_TRIES):
        await stores.factors.take_try(account_id, NOW)
    match proof:
        case "step":
            assert await stores.factors.accept_step(account_id, factor, 101)
        case "recovery code":
            assert await stores.factors.use_recovery_code(account_id, HASHES[0])
        case _:
            await stores.factors.forget_tries(account_id)
    assert await stores.factors.take_try(account_id, NOW) is None


async def test_a_wrong_proof_forgets_nothing(stores: Stores) -> None:
    account_id, factor = await secured(stores)
    for _ in range(MAX_TRIES):
        await stores.factors.take_try(account_id, NOW)
    assert not await stores.factors.accept_step(account_id, factor, 100)
    assert not await stores.factors.use_recovery_code(account_id, b"x" * 32)
    assert not await stores.factors.confirm(account_id, factor, 101, HASHES, NOW)
    assert await stores.factors.take_try(account_id, NOW) is not None


async def test_what_nobody_confirmed_and_lock_outs_that_ended_are_swept(stores: Stores) -> None:
    kept, factor = await secured(stores)
    account, _, _ = await registered(stores.accounts)
    await stores.factors.start(account.id, b"seed", NOW)
    for _ in range(MAX_TRIES):
        await stores.factors.take_try(account.id, NOW)
    await stores.factors.sweep(NOW + UNCONFIRMED_LIFE - SECOND, 10_000)
    assert await stores.factors.find(account.id)
    await stores.factors.sweep(NOW + UNCONFIRMED_LIFE, 10_000)
    assert await stores.factors.find(account.id) is None
    assert await stores.factors.find(kept) == factor
    assert await stores.factors.take_try(account.id, NOW) is None


async def test_seeds_are_sealed_anew_until_the_old_key_can_go(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    old, new = os.urandom(32), os.urandom(32)
    seed = SealedTotpSeeds(Vault([old]), "Soko").new(account)
    await stores.factors.start(account.id, seed.sealed, NOW)
    both = SealedTotpSeeds(Vault([new, old]), "Soko")
    reseal = ResealSeeds(stores.factors, both)
    assert await reseal.sweep(NOW, 10) == 1
    assert await reseal.sweep(NOW, 10) == 0
    factor = await stores.factors.find(account.id)
    assert factor is not None
    assert factor.sealed_seed != seed.sealed
    code = TOTP(base64.b32decode(seed.secret), 6, SHA1(), 30).generate(int(NOW.timestamp()))
    alone = SealedTotpSeeds(Vault([new]), "Soko")
    assert alone.step_of(account.id, factor, code.decode(), NOW) is not None
    assert not await stores.factors.replace_seal(account.id, seed.sealed, b"late")


async def test_an_account_tells_that_it_has_a_second_factor_and_that_it_has_none(
    db: Database, postgres_stores: Stores
) -> None:
    times: list[None] = []
    factors = SecondFactorStore(db, lambda: times.append(None))
    postgres_stores.factors = factors
    account_id, _ = await secured(postgres_stores)
    usr = format_id("usr", account_id)
    await factors.remove(account_id)
    await factors.start(account_id, b"seed", NOW)
    await factors.remove(account_id)
    await factors.remove(new_id())
    told = await events_of(db, usr)
    assert told[1:] == [
        ("second_factor_changed", events.SecondFactorChanged(account_id=usr, enabled=True)),
        ("second_factor_changed", events.SecondFactorChanged(account_id=usr, enabled=False)),
    ]
    assert len(times) == 2
