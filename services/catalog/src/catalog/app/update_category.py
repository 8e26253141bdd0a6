"""Change a category."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Categories, UnitOfWork
from catalog.domain.category import Category, check_category
from catalog.domain.errors import CategoryCycle, ValidationFailed
from chassis.actor import Actor


@dataclass(frozen=True, slots=True)
class UpdateCategory:
    """New values, None for those that stay; ``to_top`` takes the parent away."""

    actor: Actor
    category_id: UUID
    name: str | None
    slug: str | None
    parent_id: UUID | None
    to_top: bool = False


class UpdateCategoryHandler:
    """Does UpdateCategory, for admins."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def __call__(self, command: UpdateCategory) -> Category:
        """Change a category; raises ``forbidden``, NotFound, SlugTaken, CategoryCycle."""
        command.actor.require_role("admin")
        check_category(command.name, command.slug)
        async with self._uow() as work:
            known = await work.categories.lock(command.category_id)
            changed = Category(
                known.id,
                await _parent(command, known, work.categories),
                known.name if command.name is None else command.name,
                known.slug if command.slug is None else command.slug,
            )
            await work.categories.save(changed)
        return changed


async def _parent(command: UpdateCategory, known: Category, tree: Categories) -> UUID | None:
    if command.to_top:
        return None
    if command.parent_id is None:
        return known.parent_id
    above = await tree.ancestors(command.parent_id)
    if not above:
        raise ValidationFailed([("/parent_id", "is no category")])
    if known.id in above:
        raise CategoryCycle
    return command.parent_id
