"""The guard around a provider: who is asked again, who is not, and when nobody is asked."""

import asyncio
from dataclasses import replace

import pytest

from payments.adapters.circuit_breaker import CircuitBreaker
from payments.adapters.guarded_provider import GuardedProvider
from payments.app.provider import ProviderAway
from payments.app.settle import as_asked_for
from services.payments.tests.builders import make_payment
from services.payments.tests.fakes import CAPABLE, ScriptedProvider

ASKED = as_asked_for(make_payment())


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time():
    return Time()


def guarded(provider, time, failures=4):
    return GuardedProvider(provider, CircuitBreaker(failures=failures, pause_s=5, clock=time))


async def test_a_call_that_failed_once_is_made_again(provider, time):
    calls = iter([ProviderAway("once"), None])

    def fail_once(call):
        if error := next(calls):
            raise error

    provider.before_answer = fail_once
    assert (await guarded(provider, time).create(ASKED)).status == "authorized"
    assert provider.calls["create"] == 2


async def test_nobody_is_asked_more_than_twice(provider, time):
    provider.refused.add("create")
    with pytest.raises(ProviderAway):
        await guarded(provider, time).create(ASKED)
    assert provider.calls["create"] == 2


async def test_what_may_not_be_repeated_is_not(time):
    provider = ScriptedProvider(capabilities=replace(CAPABLE, idempotent_create=False))
    provider.refused |= {"create", "refund", "find"}
    guard = guarded(provider, time)
    for call in (guard.create(ASKED), guard.refund(ASKED, ASKED.attempt_id, 1), guard.find(ASKED)):
        with pytest.raises(ProviderAway):
            await call
    assert provider.calls == {"create": 1, "refund": 1, "find": 2}


async def test_an_open_circuit_asks_nobody_then_one_and_closes_on_success(provider, time):
    guard = guarded(provider, time)
    provider.refused.add("find")
    for _ in range(2):
        with pytest.raises(ProviderAway):
            await guard.find(ASKED)
    assert provider.calls["find"] == 4
    with pytest.raises(ProviderAway):
        await guard.find(ASKED)
    assert provider.calls["find"] == 4
    time.now += 5
    with pytest.raises(ProviderAway):
        await guard.find(ASKED)
    assert provider.calls["find"] == 5
    time.now += 5
    provider.refused.clear()
    for _ in range(3):
        assert (await guard.find(ASKED)).status == "not_found"


async def test_what_an_open_circuit_kept_back_has_failed_where_it_is_never_sent_again(time):
    provider = ScriptedProvider(capabilities=replace(CAPABLE, idempotent_create=False))
    provider.refused.add("create")
    guard = guarded(provider, time, failures=1)
    with pytest.raises(ProviderAway):
        await guard.create(ASKED)
    assert (await guard.create(ASKED)).status == "failed"
    assert provider.calls["create"] == 1


async def test_an_answer_that_nobody_waited_for_counts_as_a_failure(provider, time):
    guard = guarded(provider, time, failures=1)
    provider.before_answer = lambda call: asyncio.Event().wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await guard.find(ASKED)
    with pytest.raises(ProviderAway):
        await guard.find(ASKED)
    assert provider.calls["find"] == 1
