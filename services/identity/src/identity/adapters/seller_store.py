"""Sellers and their members on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from chassis.audit_log import RECORD, record
from chassis.clock import Clock
from chassis.database import Database
from chassis.outbox import append, append_call
from identity.adapters import acts
from identity.adapters.events import seller_member_changed, seller_opened, seller_updated
from identity.domain.errors import SellerNotFound, SlugTaken, UnknownAccount
from identity.domain.seller import MEMBER_ROLES, OWNER, Member, Roster, Seller

_SLUG_CONSTRAINT = "seller_slug_key"
_SELLER = "id, slug, name, country, currency, timezone, status, created_at"

_OPEN = f"""
WITH opened AS (
    INSERT INTO seller ({_SELLER}, updated_at, opened_by)
    VALUES (%(id)s, %(slug)s, %(name)s, %(country)s, %(currency)s, %(timezone)s, %(status)s,
            %(created_at)s, %(created_at)s, %(owner_id)s)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), owner AS (
    INSERT INTO seller_member (seller_id, account_id, role, added_at)
    SELECT id, %(owner_id)s, %(owner_role)s, %(created_at)s FROM opened
)
SELECT {append_call("opened")}, {append_call("member")}, {RECORD} FROM opened
"""

_COUNT_OPENED = "SELECT count(*) AS opened FROM seller WHERE opened_by = %(account_id)s"

_FIND = f"SELECT {_SELLER} FROM seller WHERE id = %(seller_id)s"

_FIND_BY_SLUG = f"SELECT {_SELLER} FROM seller WHERE slug = %(slug)s"

_CHANGE = f"""
UPDATE seller SET name = coalesce(%(name)s::text, name),
    timezone = coalesce(%(timezone)s::text, timezone), updated_at = %(now)s
WHERE id = %(seller_id)s
  AND (name, timezone) <> (coalesce(%(name)s::text, name), coalesce(%(timezone)s::text, timezone))
RETURNING {_SELLER}
"""

_ROLE_OF = """
SELECT role FROM seller_member WHERE seller_id = %(seller_id)s AND account_id = %(account_id)s
"""

_MEMBERS = """
SELECT m.account_id, a.email, a.name, m.role
FROM seller_member m JOIN account a ON a.id = m.account_id
WHERE m.seller_id = %(seller_id)s
ORDER BY array_position(%(roles)s::text[], m.role), m.added_at, m.account_id
"""

# Changes of one seller's members wait for each other here; readers of the seller do not.
_LOCK = "SELECT id FROM seller WHERE id = %(seller_id)s FOR NO KEY UPDATE"

_ROLES = "SELECT account_id, role FROM seller_member WHERE seller_id = %(seller_id)s"

_PUT = """
INSERT INTO seller_member (seller_id, account_id, role, added_at)
SELECT %(seller_id)s, id, %(role)s, %(now)s FROM account
WHERE id = %(account_id)s AND deleted_at IS NULL FOR KEY SHARE
ON CONFLICT (seller_id, account_id) DO UPDATE SET role = excluded.role
"""

_REMOVE = (
    "DELETE FROM seller_member WHERE seller_id = %(seller_id)s AND account_id = %(account_id)s"
)


class SellerStore:
    """Keeps sellers and their members; implements identity.app.ports.Sellers."""

    def __init__(self, db: Database, clock: Clock, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._clock = clock
        self._told = told

    async def open(self, seller: Seller, owner_id: UUID) -> bool:
        """Store a seller and its owner; False if there is one with this id; raises SlugTaken."""
        params = {
            "id": seller.id,
            "slug": seller.slug,
            "name": seller.name,
            "country": seller.country,
            "currency": seller.currency,
            "timezone": seller.timezone,
            "status": seller.status,
            "created_at": seller.created_at,
            "owner_id": owner_id,
            "owner_role": OWNER,
            **seller_opened(seller).params("opened"),
            **seller_member_changed(seller.id, owner_id, OWNER).params("member"),
            **acts.seller_opened(seller, owner_id).params(),
        }
        try:
            row = await self._db.fetch_one(_OPEN, params)
        except UniqueViolation as error:
            if error.diag.constraint_name == _SLUG_CONSTRAINT:
                raise SlugTaken from None
            raise
        if row is None:
            return False
        self._told()
        return True

    async def count_opened(self, account_id: UUID) -> int:
        """Return how many sellers the account opened itself, whoever owns them now."""
        row = await self._db.fetch_one(_COUNT_OPENED, {"account_id": account_id})
        return int(row["opened"]) if row else 0

    async def find(self, seller_id: UUID) -> Seller | None:
        """Return a seller."""
        row = await self._db.fetch_one(_FIND, {"seller_id": seller_id})
        return _to_seller(row) if row else None

    async def find_by_slug(self, slug: str) -> Seller | None:
        """Return the seller with this slug."""
        row = await self._db.fetch_one(_FIND_BY_SLUG, {"slug": slug})
        return _to_seller(row) if row else None

    async def change(
        self, seller_id: UUID, name: str | None, timezone: str | None, now: datetime
    ) -> Seller | None:
        """Change what is not None and return the seller; tells seller_updated if it differs."""
        params = {"seller_id": seller_id, "name": name, "timezone": timezone, "now": now}
        async with self._db.transaction() as transaction:
            row = await transaction.fetch_one(_CHANGE, params)
            if row is not None:
                await append(transaction, seller_updated(_to_seller(row)))
        if row is None:
            return await self.find(seller_id)
        self._told()
        return _to_seller(row)

    async def role_of(self, seller_id: UUID, account_id: UUID) -> str | None:
        """Return the role of a member."""
        row = await self._db.fetch_one(_ROLE_OF, {"seller_id": seller_id, "account_id": account_id})
        return str(row["role"]) if row else None

    async def members(self, seller_id: UUID) -> Sequence[Member]:
        """Return every member, the mightiest first."""
        rows = await self._db.fetch_all(
            _MEMBERS, {"seller_id": seller_id, "roles": list(MEMBER_ROLES)}
        )
        return [Member(**row) for row in rows]

    @asynccontextmanager
    async def roster(self, seller_id: UUID) -> AsyncIterator[Roster]:
        """Hold the members of a seller; at the end the roster's change is stored."""
        async with self._db.transaction() as transaction:
            params: dict[str, Any] = {"seller_id": seller_id}
            if await transaction.fetch_one(_LOCK, params) is None:
                raise SellerNotFound
            rows = await transaction.fetch_all(_ROLES, params)
            roster = Roster(seller_id, [(row["account_id"], row["role"]) for row in rows])
            yield roster
            change = roster.change
            if change is not None:
                params |= {
                    "account_id": change.account_id,
                    "role": change.role,
                    "now": self._clock.now(),
                }
                if not await transaction.execute(_REMOVE if change.role is None else _PUT, params):
                    raise UnknownAccount
                event = seller_member_changed(seller_id, change.account_id, change.role)
                await append(transaction, event)
                act = acts.seller_member_changed(seller_id, change.account_id, change.role)
                await record(transaction, act)
        if change is not None:
            self._told()


def _to_seller(row: dict[str, Any]) -> Seller:
    return Seller(**row)
