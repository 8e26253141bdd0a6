"""Asking every service at once, and going on without those that do not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis.errors import ServiceError
from gateway.backend import Service

_AWAY = ("unavailable", "timeout", "internal")
"""An older version that does not know the question yet is ``internal``."""
T = TypeVar("T")


@dataclass(slots=True)
class Told(Generic[T]):
    """Who answered what, and who did not, by the services' names."""

    answers: dict[str, T] = field(default_factory=dict)
    away: dict[str, ServiceError] = field(default_factory=dict)


async def ask_everybody(
    services: Sequence[Service], ask: Callable[[Service], Awaitable[T]]
) -> Told[T]:
    """Return what the services say; raises ServiceError for what is the caller's fault."""
    told: Told[T] = Told()

    async def ask_one(service: Service) -> None:
        try:
            told.answers[service.name] = await ask(service)
        except ServiceError as error:
            if error.kind not in _AWAY:
                raise
            told.away[service.name] = error

    await asyncio.gather(*map(ask_one, services))
    return told
