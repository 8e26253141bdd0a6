import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import status_pb2
from grpc_status import rpc_status

from chassis import context as request_context
from chassis import idempotency
from chassis.context import RequestContext
from chassis.database import Database
from chassis.errors import ServiceError, conflict, from_status, unavailable
from chassis.idempotency import idempotent
from chassis.idempotency_key import IdempotencyKey

KEY = IdempotencyKey(scope="s" * 64, key="k1", fingerprint="f" * 64)
OTHER_BODY = IdempotencyKey(scope="s" * 64, key="k1", fingerprint="g" * 64)


class Call:
    """Stands for a call's server context."""

    def __init__(self) -> None:
        self.trailing: tuple[tuple[str, str | bytes], ...] = ()

    def set_trailing_metadata(self, metadata: tuple[tuple[str, str | bytes], ...]) -> None:
        self.trailing = metadata

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        self.trailing = trailing_metadata
        raise grpc.aio.AbortError(code)


class Greeter:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.calls = 0
        self.error: BaseException | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()

    @idempotent
    async def greet(self, request: StringValue, context: Any) -> StringValue:
        self.calls += 1
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return StringValue(value=f"{request.value} {self.calls}")


@pytest.fixture
def greeter(db: Database) -> Greeter:
    return Greeter(db)


@contextmanager
def request_with(key: IdempotencyKey | None) -> Iterator[None]:
    token = request_context.enter(RequestContext(idempotency=key))
    try:
        yield
    finally:
        request_context.leave(token)


async def greet(
    greeter: Greeter, key: IdempotencyKey | None = KEY, call: Call | None = None
) -> str:
    with request_with(key):
        answer = await greeter.greet(StringValue(value="hello"), call or Call())
    return str(answer.value)


async def test_a_repetition_gets_the_first_answer(greeter: Greeter) -> None:
    first, second = Call(), Call()
    assert await greet(greeter, call=first) == "hello 1"
    assert await greet(greeter, call=second) == "hello 1"
    assert first.trailing == ()
    assert second.trailing == (("soko-idempotent-replayed", "1"),)


async def test_without_a_key_each_call_runs(greeter: Greeter) -> None:
    assert [await greet(greeter, None), await greet(greeter, None)] == ["hello 1", "hello 2"]


async def test_another_request_under_the_same_key_is_refused(greeter: Greeter) -> None:
    await greet(greeter)
    with pytest.raises(ServiceError) as refused:
        await greet(greeter, OTHER_BODY)
    assert (refused.value.kind, refused.value.code) == ("invalid", "idempotency_key_reused")
    assert greeter.calls == 1


async def test_of_a_hundred_at_once_one_runs(greeter: Greeter) -> None:
    greeter.go_on.clear()
    calls = [asyncio.create_task(greet(greeter)) for _ in range(100)]
    done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    greeter.go_on.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert done
    assert greeter.calls == 1
    errors = [result for result in results if isinstance(result, ServiceError)]
    assert {(error.kind, error.code) for error in errors} == {("conflict", "idempotency_in_flight")}
    assert {result for result in results if isinstance(result, str)} == {"hello 1"}


async def test_a_refusal_of_the_business_is_stored_and_replayed(greeter: Greeter) -> None:
    greeter.error = conflict("out_of_stock", "Sold out.", lines=[{"sku": "A"}])
    with pytest.raises(ServiceError):
        await greet(greeter)
    greeter.error = None
    call = Call()
    with pytest.raises(grpc.aio.AbortError):
        await greet(greeter, call=call)
    assert greeter.calls == 1
    trailing = dict(call.trailing)
    assert trailing["soko-idempotent-replayed"] == "1"
    status = status_pb2.Status.FromString(bytes(trailing["grpc-status-details-bin"]))  # type: ignore[arg-type]
    error = from_status(status)
    assert error is not None
    assert (error.kind, error.code) == ("conflict", "out_of_stock")
    assert error.extra == {"lines": [{"sku": "A"}]}
    assert rpc_status.to_status(status).code is grpc.StatusCode.ABORTED


@pytest.mark.parametrize("error", [unavailable("catalog"), ValueError("a bug")])
async def test_a_passing_failure_frees_the_key(greeter: Greeter, error: Exception) -> None:
    greeter.error = error
    with pytest.raises(type(error)):
        await greet(greeter)
    greeter.error = None
    assert await greet(greeter) == "hello 2"


async def test_a_cancelled_call_frees_the_key(greeter: Greeter) -> None:
    greeter.go_on.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await greet(greeter)
    greeter.go_on.set()
    assert await greet(greeter) == "hello 2"


async def test_a_crashed_call_holds_the_key_for_its_lease_only(greeter: Greeter) -> None:
    insert = (
        "INSERT INTO idempotency_key (scope, key, fingerprint, state, locked_until) VALUES"
        " (%(scope)s, %(key)s, %(fingerprint)s, 'running', now() + interval '20 seconds')"
    )
    await greeter.db.execute(
        insert, {"scope": KEY.scope, "key": KEY.key, "fingerprint": KEY.fingerprint}
    )
    with pytest.raises(ServiceError, match="under way"):
        await greet(greeter)
    await greeter.db.execute("UPDATE idempotency_key SET locked_until = now()")
    with pytest.raises(ServiceError, match="another request"):
        await greet(greeter, OTHER_BODY)
    assert await greet(greeter) == "hello 1"


async def test_a_key_is_forgotten_after_a_day(greeter: Greeter) -> None:
    await greet(greeter)
    await greeter.db.execute("UPDATE idempotency_key SET created_at = now() - interval '25 hours'")
    assert await greet(greeter, OTHER_BODY) == "hello 2"
    await greeter.db.execute("UPDATE idempotency_key SET created_at = now() - interval '25 hours'")
    await idempotency.clean(greeter.db)
    assert await greeter.db.fetch_all("SELECT key FROM idempotency_key") == []
