"""A world in which every answer is somebody's decision: calls wait until a fate is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chassis.errors import unavailable

ANSWERED: Final = "answered"
LOST: Final = "lost"
"""The call never arrives."""
ANSWER_LOST: Final = "answer lost"
LATE: Final = "late"
"""The caller gives up, and the call arrives afterwards."""
TWICE: Final = "twice"
FAULTS: Final = (LOST, ANSWER_LOST, LATE, TWICE)
FATES: Final = (ANSWERED, *FAULTS)

_TURNS: Final = 12
"""Turns of the loop after which nobody can be on his way to the next call any more."""


@dataclass(eq=False)
class Call:
    """A call that waits for its fate."""

    name: str
    effect: Callable[[], Any]
    no_answer: Callable[[], Any]
    """Returns what the caller makes of silence, or raises it."""
    answer: asyncio.Future[Any]


@dataclass
class Wire:
    """All calls under way in one process, and those that will arrive though nobody waits."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    calls: list[Call] = field(default_factory=list)
    straying: list[Callable[[], Any]] = field(default_factory=list)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)

    async def call(self, name: str, effect: Callable[[], Any], no_answer: Callable[[], Any]) -> Any:
        """Wait for the call's fate and return what came back."""
        call = Call(name, effect, no_answer, self.loop.create_future())
        self.calls.append(call)
        return await call.answer

    def decide(self, call: Call, fate: str) -> None:
        """Let a call end, and everybody run on to his next one."""
        self.calls.remove(call)
        happened: Any = None
        if fate in {ANSWERED, ANSWER_LOST, TWICE}:
            happened = call.effect()
        if fate == TWICE:
            happened = call.effect()
        if fate == LATE:
            self.straying.append(call.effect)
        if fate in {ANSWERED, TWICE}:
            call.answer.set_result(happened)
        else:
            try:
                call.answer.set_result(call.no_answer())
            except Exception as error:
                call.answer.set_exception(error)
        self.run()

    def start(self, work: Coroutine[Any, Any, Any], *expected: type[BaseException]) -> None:
        """Begin something; what it raises is a failure unless it is expected."""
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, expected))
        self.run()

    def run(self) -> None:
        """Let everybody go on until he waits for an answer."""
        self.loop.run_until_complete(_turns())

    def crash(self) -> None:
        """End the process: nobody goes on; requests that are on their way arrive all the same."""
        self.straying += [call.effect for call in self.calls]
        for task in list(self.tasks):
            task.cancel()
        self.run()
        self.calls.clear()
        self.tasks.clear()

    def close(self) -> None:
        """Give the loop back."""
        self.crash()
        self.loop.close()

    def _ended(self, task: asyncio.Task[Any], expected: tuple[type[BaseException], ...]) -> None:
        self.tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, expected):
            self.failures.append(error)


class Remote:
    """Somebody at the other end of the wire; ``silence`` is what no answer means, per method."""

    def __init__(self, wire: Wire, target: object, silence: Mapping[str, Any]) -> None:
        self._wire = wire
        self._target = target
        self._silence = silence

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._target, name)

        async def call(*args: Any, **values: Any) -> Any:
            return await self._wire.call(
                name, lambda: at_once(method(*args, **values)), self._no_answer(name)
            )

        return call

    def _no_answer(self, name: str) -> Callable[[], Any]:
        def silence() -> Any:
            if name not in self._silence:
                raise unavailable("peer")
            return self._silence[name]

        return silence


def at_once(work: Coroutine[Any, Any, Any] | Generator[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nobody and return its result."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
