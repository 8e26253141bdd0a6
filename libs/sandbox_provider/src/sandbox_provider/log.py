"""The provider's log: each payment as it stands, and every movement of money as it happened."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_provider.group_commit import GroupCommit, connect
from sandbox_provider.tokens import (
    AUTHORIZED,
    CAPTURE_FAILS_TOKEN,
    CAPTURED,
    DECLINED,
    ERRORING,
    ERRORS_BEFORE_RECOVERY,
    FAILED,
    FIRST,
    PENDING,
    REFUND_FAILS_TOKEN,
    VOIDED,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    attempt_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    token TEXT NOT NULL,
    status TEXT NOT NULL,
    code TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    refunded_minor INTEGER NOT NULL,
    calls INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS refund (
    refund_id TEXT PRIMARY KEY,
    attempt_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    status TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS movement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    refund_id TEXT,
    amount_minor INTEGER NOT NULL,
    fee_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS movement_at ON movement (at_ms, id);
"""
_MOVE = (
    "INSERT INTO movement (kind, attempt_id, refund_id, amount_minor, fee_minor, currency, at_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PAGE = """
SELECT id, kind, attempt_id, refund_id, amount_minor, fee_minor, currency, at_ms FROM movement
WHERE (at_ms, id) > (?, ?) AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payment stands; ``calls`` is how often it was asked for."""

    status: str
    code: str
    calls: int = 0


class Log:
    """Reads and writes the log; every answer is durable before it is given."""

    def __init__(self, path: Path, fee_bps: int = 0) -> None:
        self._writer = GroupCommit(path, _SCHEMA)
        self._reader = connect(path)
        self._reading = asyncio.Lock()
        self._fee_bps = fee_bps

    def close(self) -> None:
        """Finish what was asked for, then close."""
        self._writer.close()
        self._reader.close()

    async def create(self, asked: Mapping[str, Any]) -> Standing:
        """Log a payment, or its repetition; after some calls an erroring one works."""

        def act(db: sqlite3.Connection) -> Standing:
            known = _find(db, asked["attempt_id"])
            if known is None:
                status, code = FIRST[asked["token"]]
                db.execute(
                    "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, 0, 1)",
                    (
                        asked["attempt_id"],
                        asked["payment_id"],
                        asked["token"],
                        status,
                        code,
                        asked["amount_minor"],
                        asked["currency"],
                    ),
                )
                if status == AUTHORIZED:
                    _move(db, "authorization", asked)
                return Standing(status, code, 1)
            calls = known["calls"] + 1
            status = known["status"]
            if status == ERRORING and calls > ERRORS_BEFORE_RECOVERY:
                status = AUTHORIZED
                _move(db, "authorization", known)
            db.execute(
                "UPDATE payment SET calls = ?, status = ? WHERE attempt_id = ?",
                (calls, status, known["attempt_id"]),
            )
            return Standing(status, known["code"], calls)

        return await self._writer.run(act)

    async def find(self, attempt_id: str) -> Standing | None:
        """Return how a payment stands."""

        def act(db: sqlite3.Connection) -> Standing | None:
            row = _find(db, attempt_id)
            return None if row is None else Standing(row["status"], row["code"], row["calls"])

        return await self._writer.run(act)

    async def capture(self, attempt_ids: Sequence[str]) -> dict[str, Standing]:
        """Capture authorizations in full; return how each payment that exists stands then."""

        def act(db: sqlite3.Connection) -> dict[str, Standing]:
            return {
                attempt_id: self._capture(db, row)
                for attempt_id in attempt_ids
                if (row := _find(db, attempt_id)) is not None
            }

        return await self._writer.run(act)

    async def void(self, attempt_id: str) -> Standing | None:
        """Give an authorization back."""

        def act(db: sqlite3.Connection) -> Standing | None:
            row = _find(db, attempt_id)
            if row is None or row["status"] != AUTHORIZED:
                return None if row is None else Standing(row["status"], row["code"])
            _move(db, "void", row)
            return _set(db, attempt_id, VOIDED)

        return await self._writer.run(act)

    async def decide(self, attempt_id: str, *, succeed: bool) -> Standing | None:
        """Let an awaiting payment succeed or fail; another one stays as it is."""

        def act(db: sqlite3.Connection) -> Standing | None:
            row = _find(db, attempt_id)
            if row is None or row["status"] != PENDING:
                return None if row is None else Standing(row["status"], row["code"])
            if not succeed:
                return _set(db, attempt_id, DECLINED, DECLINED)
            _move(db, "authorization", row)
            return _set(db, attempt_id, AUTHORIZED)

        return await self._writer.run(act)

    async def refund(self, refund_id: str, attempt_id: str, amount_minor: int) -> str:
        """Log a refund once; succeeded, or failed when not that much is left."""

        def act(db: sqlite3.Connection) -> str:
            known = db.execute("SELECT status FROM refund WHERE refund_id = ?", (refund_id,))
            if (found := known.fetchone()) is not None:
                return str(found["status"])
            row = _find(db, attempt_id)
            if row is None:
                return "failed"
            enough = row["status"] == CAPTURED and (
                0 < amount_minor <= row["amount_minor"] - row["refunded_minor"]
            )
            works = enough and row["token"] != REFUND_FAILS_TOKEN
            status = "succeeded" if works else "failed"
            db.execute(
                "INSERT INTO refund VALUES (?, ?, ?, ?)",
                (refund_id, attempt_id, amount_minor, status),
            )
            if works:
                db.execute(
                    "UPDATE payment SET refunded_minor = refunded_minor + ? WHERE attempt_id = ?",
                    (amount_minor, attempt_id),
                )
                _move(db, "refund", row, amount_minor=amount_minor, refund_id=refund_id)
            return status

        return await self._writer.run(act)

    async def find_refund(self, refund_id: str) -> str | None:
        """Return a refund's status."""

        def act(db: sqlite3.Connection) -> str | None:
            found = db.execute(
                "SELECT status FROM refund WHERE refund_id = ?", (refund_id,)
            ).fetchone()
            return None if found is None else str(found["status"])

        return await self._writer.run(act)

    async def report(
        self, since_ms: int, until_ms: int, after: tuple[int, int], limit: int
    ) -> list[dict[str, Any]]:
        """Return the movements of a period after a position (time, id), oldest first.

        Read beside the writer, so that a long report keeps no payment waiting.
        """

        def read() -> list[dict[str, Any]]:
            rows = self._reader.execute(_PAGE, (*after, since_ms, until_ms, limit))
            return [dict(row) for row in rows]

        async with self._reading:
            return await asyncio.to_thread(read)

    def _capture(self, db: sqlite3.Connection, row: sqlite3.Row) -> Standing:
        if row["status"] != AUTHORIZED:
            return Standing(row["status"], row["code"])
        if row["token"] == CAPTURE_FAILS_TOKEN:
            _move(db, "void", row)
            return _set(db, row["attempt_id"], FAILED, "capture_failed")
        _move(db, "capture", row, fee_minor=row["amount_minor"] * self._fee_bps // 10_000)
        return _set(db, row["attempt_id"], CAPTURED)


def _find(db: sqlite3.Connection, attempt_id: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = db.execute(
        "SELECT * FROM payment WHERE attempt_id = ?", (attempt_id,)
    ).fetchone()
    return found


def _set(db: sqlite3.Connection, attempt_id: str, status: str, code: str = "") -> Standing:
    db.execute(
        "UPDATE payment SET status = ?, code = ? WHERE attempt_id = ?", (status, code, attempt_id)
    )
    return Standing(status, code)


def _move(
    db: sqlite3.Connection,
    kind: str,
    payment: Mapping[str, Any] | sqlite3.Row,
    *,
    amount_minor: int | None = None,
    fee_minor: int = 0,
    refund_id: str | None = None,
) -> None:
    db.execute(
        _MOVE,
        (
            kind,
            payment["attempt_id"],
            refund_id,
            payment["amount_minor"] if amount_minor is None else amount_minor,
            fee_minor,
            payment["currency"],
            time.time_ns() // 1_000_000,
        ),
    )
