import asyncio

import pytest

from chassis.errors import ServiceError
from identity.adapters.argon2_passwords import Argon2Passwords


async def test_a_hash_is_argon2id_with_the_parameters_that_we_promise() -> None:
    hashed = await Argon2Passwords().hash("jacaranda")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_hash_matches_its_password_alone() -> None:
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    hashed = await passwords.hash("jacaranda")
    assert hashed != await passwords.hash("jacaranda")
    assert await passwords.matches("jacaranda", hashed)
    assert not await passwords.matches("Jacaranda", hashed)
    assert not await passwords.matches("jacaranda", None)
    assert not await passwords.matches("jacaranda", "no hash at all")


async def test_a_hash_with_weaker_parameters_is_outdated() -> None:
    weak = await Argon2Passwords(memory_kib=64, passes=1).hash("jacaranda")
    passwords = Argon2Passwords()
    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(await passwords.hash("jacaranda"))


async def test_a_queue_that_is_full_refuses_and_recovers() -> None:
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    outcomes = await asyncio.gather(
        *(passwords.hash("jacaranda") for _ in range(200)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceError)]
    assert 0 < len(refused) < 200
    assert {error.kind for error in refused} == {"unavailable"}
    assert await passwords.hash("jacaranda")


async def test_who_would_wait_for_seconds_is_told_at_once() -> None:
    slow = Argon2Passwords(memory_kib=8192, passes=150)
    outcomes = await asyncio.gather(
        *(slow.hash("jacaranda") for _ in range(50)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceError)]
    assert 0 < len(refused) <= 48
    assert {error.kind for error in refused} == {"unavailable"}
    await slow.close()


async def test_a_caller_that_gives_up_frees_its_place() -> None:
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    for _ in range(2):
        waiting = [asyncio.create_task(passwords.hash("jacaranda")) for _ in range(60)]
        await asyncio.wait(waiting, timeout=0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert await passwords.hash("jacaranda")


async def test_nothing_is_hashed_after_the_end() -> None:
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    await passwords.close()
    with pytest.raises(RuntimeError):
        await passwords.hash("jacaranda")
