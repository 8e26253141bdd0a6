"""Signing keys: published, signing, retired, by every process at the same moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from chassis.clock import FixedClock
from chassis.database import Database
from chassis.migrations import upgrade
from identity.adapters.keyring import Keyring, LostKeyError
from identity.adapters.signing_key_store import SigningKeyStore
from identity.adapters.vault import Vault
from identity.app.retire_signing_key import RetireSigningKey, RetireSigningKeyHandler
from identity.app.rotate_signing_key import RotateSigningKey, RotateSigningKeyHandler
from identity.domain.errors import (
    KeyInUse,
    KeyStillBelieved,
    LeadTooShort,
    RotationUnderWay,
    SigningKeyNotFound,
)
from identity.domain.signing_key import DEFAULT_LEAD, state_of
from services.identity.tests.conftest import MIGRATIONS

SEED, VAULT_KEY = bytes(range(32)), bytes(range(32, 64))
SECOND = timedelta(seconds=1)
LIFE = timedelta(seconds=660)


class Deployment:
    """The processes of identity that share one database."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.clock = clock
        self.store = SigningKeyStore(db)
        self.replicas = [self.replica() for _ in range(2)]
        self.rotating = RotateSigningKeyHandler(self.store, self.replicas[0], clock)
        self.retiring = RetireSigningKeyHandler(self.store, clock)

    def replica(self, seed: bytes = SEED, vault_key: bytes = VAULT_KEY) -> Keyring:
        return Keyring(self.store, Vault([vault_key]), seed, self.clock)

    async def rotate(self, lead: timedelta = DEFAULT_LEAD, *, compromised: bool = False) -> str:
        return (await self.rotating.handle(RotateSigningKey(lead, compromised))).id

    async def retire(self, key_id: str, *, force: bool = False) -> None:
        await self.retiring.handle(RetireSigningKey(key_id, force))

    async def signer(self) -> str:
        """Return the id of the key that every process signs with."""
        [found] = {(await replica.signer(self.clock.now())).kid for replica in self.replicas}
        return found or ""

    async def published(self) -> list[str]:
        """Return the ids of the keys that every process publishes."""
        [found] = {await replica.jwks_json() for replica in self.replicas}
        keys = json.loads(found)["keys"]
        assert not [key for key in keys if "d" in key]
        return [key["kid"] for key in keys]

    async def states(self) -> list[str]:
        keys = await self.store.all()
        return [state_of(key, keys, self.clock.now()) for key in keys]


@pytest.fixture
async def deployment(
    make_database: Callable[[], str], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Deployment]:
    monkeypatch.setattr("identity.adapters.keyring._FRESH_S", -1.0)
    url = make_database()
    upgrade(url, MIGRATIONS, "identity")
    db = Database(url)
    await db.open()
    yield Deployment(db, clock)
    await db.close()


async def test_a_key_is_published_then_signs_and_then_the_former_one_retires(
    deployment: Deployment,
) -> None:
    clock = deployment.clock
    first = await deployment.signer()
    assert await deployment.published() == [first]
    second = await deployment.rotate()
    assert (await deployment.signer(), await deployment.published()) == (first, [first, second])
    assert await deployment.states() == ["signing", "published"]
    clock.advance(DEFAULT_LEAD - SECOND)
    assert await deployment.signer() == first
    clock.advance(SECOND)
    assert (await deployment.signer(), await deployment.published()) == (second, [first, second])
    assert await deployment.states() == ["verifying", "signing"]
    clock.advance(LIFE - SECOND)
    assert await deployment.published() == [first, second]
    clock.advance(SECOND)
    assert (await deployment.signer(), await deployment.published()) == (second, [second])
    assert await deployment.states() == ["retired", "signing"]
    third = await deployment.rotate()
    assert await deployment.published() == [second, third]
    clock.advance(DEFAULT_LEAD)
    assert await deployment.signer() == third


async def test_of_many_who_rotate_at_once_one_does(deployment: Deployment) -> None:
    outcomes = await asyncio.gather(
        *(deployment.rotate() for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, RotationUnderWay) for outcome in outcomes) == 7
    assert len(await deployment.published()) == 2


async def test_a_key_is_published_long_enough(deployment: Deployment) -> None:
    with pytest.raises(LeadTooShort):
        await deployment.rotate(timedelta(seconds=9))
    assert not await deployment.store.all()


async def test_a_compromised_key_is_replaced_at_once(deployment: Deployment) -> None:
    first, planned = await deployment.signer(), await deployment.rotate()
    deployment.clock.advance(SECOND)
    new = await deployment.rotate(compromised=True)
    assert (await deployment.signer(), await deployment.published()) == (new, [new])
    deployment.clock.advance(DEFAULT_LEAD)
    assert await deployment.signer() == new
    assert new not in {first, planned}


async def test_a_former_key_retires_early_and_no_other(deployment: Deployment) -> None:
    first, second = await deployment.signer(), await deployment.rotate()
    for key_id in (first, second):
        with pytest.raises(KeyInUse):
            await deployment.retire(key_id, force=True)
    deployment.clock.advance(DEFAULT_LEAD)
    with pytest.raises(SigningKeyNotFound):
        await deployment.retire("unknown")
    with pytest.raises(KeyStillBelieved):
        await deployment.retire(first)
    assert await deployment.published() == [first, second]
    await deployment.retire(first, force=True)
    await deployment.retire(first)
    assert (await deployment.signer(), await deployment.published()) == (second, [second])


async def test_seeds_are_sealed_and_open_with_the_settings_only(
    deployment: Deployment,
) -> None:
    await deployment.rotate()
    own, new = await deployment.store.all()
    assert own.sealed_seed is None
    assert new.sealed_seed is not None
    seed = Vault([VAULT_KEY]).open(new.sealed_seed, b"signing-key\0" + new.id.encode())
    assert len(seed) == 32
    assert seed not in new.sealed_seed
    assert "sealed" not in repr(new)
    deployment.clock.advance(DEFAULT_LEAD)
    stranger = deployment.replica(vault_key=SEED)
    with pytest.raises(LostKeyError):
        await stranger.signer(deployment.clock.now())


async def test_the_seed_of_the_settings_no_longer_counts_after_a_rotation(
    deployment: Deployment,
) -> None:
    second = await deployment.rotate()
    deployment.clock.advance(DEFAULT_LEAD + LIFE)
    changed = deployment.replica(seed=VAULT_KEY)
    assert (await changed.signer(deployment.clock.now())).kid == second
