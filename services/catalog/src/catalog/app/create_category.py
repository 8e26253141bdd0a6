"""Add a category."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import UnitOfWork
from catalog.domain.category import Category, check_category
from catalog.domain.text import derive_slug
from chassis.actor import Actor
from chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class CreateCategory:
    """A new category; without a slug it is derived from the name, without a parent it is on top."""

    actor: Actor
    category_id: UUID
    name: str
    slug: str
    parent_id: UUID | None


class CreateCategoryHandler:
    """Does CreateCategory, for admins."""

    def __init__(self, uow: UnitOfWork, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def __call__(self, command: CreateCategory) -> Category:
        """Add a category unless it exists; raises ``forbidden``, ValidationFailed and SlugTaken."""
        command.actor.require_role("admin")
        check_category(command.name, command.slug or None)
        slug = command.slug or derive_slug(command.name, command.category_id.hex[-12:])
        category = Category(command.category_id, command.parent_id, command.name, slug)
        async with self._uow() as work:
            await work.categories.add(category, self._clock.now())
        return category
