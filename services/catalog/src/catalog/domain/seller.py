"""Sellers, as far as the catalog must know them, and what their members may do."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

MAY_READ = frozenset({"owner", "manager", "fulfilment", "finance", "viewer"})
MAY_SET_STOCK = frozenset({"owner", "manager", "fulfilment"})
MAY_EDIT = frozenset({"owner", "manager"})


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller; identity owns it."""

    id: UUID
    slug: str
    name: str
    country: str
    currency: str
    status: str
