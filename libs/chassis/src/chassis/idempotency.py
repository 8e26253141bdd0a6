"""Idempotent RPCs: a client's repetition gets the first answer again, or waits for it.

The key's row is a lease while the call runs and the answer afterwards. Stored are successes and
the business errors ``conflict`` and ``payment_required``; any other error frees the key. A crash
between effect and stored answer frees it after the lease, so a creation takes its id from
``IdempotencyKey.derive_id`` and inserts with ``ON CONFLICT (id) DO NOTHING``.
"""

from __future__ import annotations

import asyncio
import functools
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast

import grpc
from google.protobuf import any_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_status import rpc_status

from chassis.context import current_idempotency
from chassis.database import Database, Row
from chassis.errors import ServiceError, as_service_error, conflict, invalid, to_status
from chassis.failpoints import failpoint
from chassis.idempotency_key import REPLAYED, IdempotencyKey
from chassis.logs import get_logger

__all__ = ["REPLAYED", "IdempotencyKey", "idempotent"]

_LEASE_S = 30
_KEEP_S = 24 * 3600
_CLEAN_EVERY_S = 600.0
_CLEAN_ROWS = 10_000
_STORED_KINDS = ("conflict", "payment_required")
_log = get_logger(__name__)

# A lease that ran out is taken over by the same request; a row past its day by any request. When
# another call inserts the row at this very moment, neither SELECT sees it: the caller asks again.
_CLAIM = """
WITH claimed AS (
    INSERT INTO idempotency_key AS k (scope, key, fingerprint, state, locked_until)
    VALUES (%(scope)s, %(key)s, %(fingerprint)s, 'running',
        now() + make_interval(secs => %(lease)s))
    ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, state = 'running',
        response = NULL, locked_until = excluded.locked_until, created_at = now()
    WHERE k.created_at < now() - make_interval(secs => %(keep)s)
       OR (k.state = 'running' AND k.locked_until < now()
           AND k.fingerprint = excluded.fingerprint)
    RETURNING fingerprint
)
SELECT true AS claimed, fingerprint, 'running' AS state, NULL::bytea AS response FROM claimed
UNION ALL
SELECT false, fingerprint, state, response FROM idempotency_key
WHERE scope = %(scope)s AND key = %(key)s AND NOT EXISTS (SELECT FROM claimed)
"""
_STORE = """
UPDATE idempotency_key SET state = %(state)s, response = %(response)s, locked_until = NULL
WHERE scope = %(scope)s AND key = %(key)s AND fingerprint = %(fingerprint)s AND state = 'running'
"""
_FREE = """
DELETE FROM idempotency_key
WHERE scope = %(scope)s AND key = %(key)s AND fingerprint = %(fingerprint)s AND state = 'running'
"""
_CLEAN = """
DELETE FROM idempotency_key WHERE (scope, key) IN (
    SELECT scope, key FROM idempotency_key
    WHERE created_at < now() - make_interval(secs => %(keep)s) LIMIT %(limit)s)
"""


class Servicer(Protocol):
    """What the decorator needs of the object that it decorates a method of."""

    db: Database


_Context = grpc.aio.ServicerContext[Any, Any]
_Method = TypeVar("_Method", bound=Callable[..., Awaitable[Any]])
_cleaned: weakref.WeakKeyDictionary[Database, float] = weakref.WeakKeyDictionary()
_cleaning: set[asyncio.Task[None]] = set()


def idempotent(method: _Method) -> _Method:
    """Answer a repeated call with the stored answer of the first; without a key, just call.

    Raises conflict ``idempotency_in_flight`` while the first call runs, and invalid
    ``idempotency_key_reused`` for another request under the same key.
    """

    @functools.wraps(method)
    async def call(self: Servicer, request: Message, context: _Context) -> Any:
        key = current_idempotency()
        if key is None:
            return await method(self, request, context)
        known = await _claim(self.db, key)
        if known is not None:
            return await _replay(known, context)
        return await _run_and_store(method, self, request, context, key)

    return cast(_Method, call)


async def _claim(db: Database, key: IdempotencyKey) -> Row | None:
    """Take the key's lease; return None if it is ours, else the row that stands."""
    parameters = {**_identity(key), "lease": _LEASE_S, "keep": _KEEP_S}
    row = await db.fetch_one(_CLAIM, parameters) or await db.fetch_one(_CLAIM, parameters)
    if row is None:
        raise _in_flight()
    if row["claimed"]:
        return None
    if row["fingerprint"] != key.fingerprint:
        raise invalid("idempotency_key_reused", "This Idempotency-Key belongs to another request.")
    if row["state"] == "running":
        raise _in_flight()
    return row


def _in_flight() -> ServiceError:
    return conflict(
        "idempotency_in_flight",
        "The first request with this Idempotency-Key is still under way.",
        retry_after_s=1,
    )


def _identity(key: IdempotencyKey) -> dict[str, object]:
    return {"scope": key.scope, "key": key.key, "fingerprint": key.fingerprint}


async def _replay(row: Row, context: _Context) -> Message:
    if row["state"] == "failed":
        status = status_pb2.Status.FromString(row["response"])
        wire = rpc_status.to_status(status)
        await context.abort(
            wire.code,
            wire.details or "",
            trailing_metadata=(*(wire.trailing_metadata or ()), REPLAYED),
        )
    context.set_trailing_metadata((REPLAYED,))
    return _unpack(row["response"])


def _unpack(stored: bytes) -> Message:
    packed = any_pb2.Any.FromString(stored)
    descriptor = descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    response = message_factory.GetMessageClass(descriptor)()
    packed.Unpack(response)
    return response


async def _run_and_store(
    method: Callable[..., Awaitable[Any]],
    servicer: Servicer,
    request: Message,
    context: _Context,
    key: IdempotencyKey,
) -> Any:
    db = servicer.db
    try:
        response = await method(servicer, request, context)
    except BaseException as error:
        known = as_service_error(error)
        if known is not None and known.kind in _STORED_KINDS:
            await _store(db, key, "failed", to_status(known).SerializeToString())
        else:
            # Shielded, because the caller's deadline may be what ended the call.
            await asyncio.shield(_free(db, key))
        raise
    packed = any_pb2.Any()
    packed.Pack(response)
    failpoint("idempotency.before_store")
    await _store(db, key, "succeeded", packed.SerializeToString())
    failpoint("idempotency.after_store")
    _clean_now_and_then(db)
    return response


async def _store(db: Database, key: IdempotencyKey, state: str, response: bytes) -> None:
    """Store an answer; without it the effect stands and the lease runs out."""
    try:
        await db.execute(_STORE, {**_identity(key), "state": state, "response": response})
    except ServiceError as error:
        _log.warning("idempotent_answer_not_stored", error=str(error))


async def _free(db: Database, key: IdempotencyKey) -> None:
    try:
        await db.execute(_FREE, _identity(key))
    except ServiceError as error:
        _log.warning("idempotency_key_not_freed", error=str(error))


def _clean_now_and_then(db: Database) -> None:
    now = time.monotonic()
    if now - _cleaned.setdefault(db, now - _CLEAN_EVERY_S) < _CLEAN_EVERY_S:
        return
    _cleaned[db] = now
    task = asyncio.create_task(clean(db))
    _cleaning.add(task)
    task.add_done_callback(_cleaning.discard)


async def clean(db: Database) -> None:
    """Delete answers that are older than 24 hours."""
    try:
        while await db.execute(_CLEAN, {"keep": _KEEP_S, "limit": _CLEAN_ROWS}) >= _CLEAN_ROWS:
            pass
    except ServiceError as error:
        _log.warning("idempotency_keys_not_cleaned", error=str(error))
