"""Categories: a tree of names."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.domain.errors import ValidationFailed, Violation
from catalog.domain.text import is_slug, line_problem

NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Category:
    """A category; one without a parent stands at the top."""

    id: UUID
    parent_id: UUID | None
    name: str
    slug: str


def check_category(name: str | None, slug: str | None) -> None:
    """Raise ValidationFailed for a name or slug that is not allowed; None is not looked at."""
    found: list[Violation] = []
    if name is not None and (problem := line_problem(name, NAME_LENGTH, shortest=1)):
        found.append(("/name", problem))
    if slug is not None and not is_slug(slug):
        found.append(("/slug", "must be a-z, 0-9 and single hyphens, at most 120"))
    if found:
        raise ValidationFailed(found)
