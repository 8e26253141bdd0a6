"""One thread that owns a SQLite connection and commits for many callers at once.

A commit waits for the disk. What arrives meanwhile makes up the next transaction, so that the
number of waits does not grow with the number of callers.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_MOST_AT_ONCE = 128


class GroupCommit:
    """Runs functions on the connection; each answer is on disk before its caller has it.

    A function that raises has no effect, and leaves the others of its transaction alone.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._connection = connect(path)
        self._connection.executescript(schema)
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    async def run(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``act`` returns, once that is durable."""
        call = _Call(act, asyncio.get_running_loop())
        self._calls.put(call)
        result: T = await call.future
        return result

    def close(self) -> None:
        """Finish what was asked for, then close."""
        self._calls.put(None)
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        while (first := self._calls.get()) is not None:
            calls, more = [first], True
            while more and len(calls) < _MOST_AT_ONCE:
                try:
                    call = self._calls.get_nowait()
                except Empty:
                    break
                if call is None:
                    more = False
                else:
                    calls.append(call)
            self._commit(calls)
            if not more:
                return

    def _commit(self, calls: list[_Call]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for call in calls:
                self._run(call)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for call in calls:
                call.error = error
        loops = {call.loop for call in calls}
        for loop in loops:
            mine = [call for call in calls if call.loop is loop]
            loop.call_soon_threadsafe(_deliver, mine)

    def _run(self, call: _Call) -> None:
        self._connection.execute("SAVEPOINT call")
        try:
            call.result = call.act(self._connection)
        except Exception as error:
            call.error = error
            self._connection.execute("ROLLBACK TO call")
        self._connection.execute("RELEASE call")


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection whose commits survive the machine (WAL, synced)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.row_factory = sqlite3.Row
    return connection


class _Call:
    __slots__ = ("act", "error", "future", "loop", "result")

    def __init__(
        self, act: Callable[[sqlite3.Connection], Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.act = act
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: Exception | None = None


def _deliver(calls: list[_Call]) -> None:
    for call in calls:
        if call.future.done():
            continue
        if call.error is not None:
            call.future.set_exception(call.error)
        else:
            call.future.set_result(call.result)
