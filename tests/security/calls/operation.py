"""What a call of an operation is, and where the ways to call each are kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.security.things import Things


@dataclass
class Call:
    """A request without its caller's credentials."""

    path: dict[str, str] = field(default_factory=dict)
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    files: Any = None
    query: dict[str, str] = field(default_factory=dict)


Builder = Callable[[Things, str], Awaitable[Call]]


@dataclass(frozen=True)
class Operation:
    build: Builder
    uses_up: bool
    """Whether a call that succeeds leaves nothing to be called again: it gets a fresh thing."""


OPERATIONS: dict[str, Operation] = {}


def operation(*names: str, uses_up: bool = False) -> Callable[[Builder], Builder]:
    """Register a builder under an operation's method and path."""

    def register(build: Builder) -> Builder:
        for name in names:
            assert name not in OPERATIONS, name
            OPERATIONS[name] = Operation(build, uses_up)
        return build

    return register
