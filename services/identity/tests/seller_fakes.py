"""Sellers in memory; they keep the same promises as those on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from identity.domain.errors import (
    SellerNotFound,
    SlugTaken,
)
from identity.domain.seller import MEMBER_ROLES, OWNER, Member, Roster, Seller
from services.identity.tests.fakes import Memory


class MemorySellers:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def open(self, seller: Seller, owner_id: UUID) -> bool:
        if seller.id in self.memory.sellers:
            return False
        if await self.find_by_slug(seller.slug) is not None:
            raise SlugTaken
        self.memory.sellers[seller.id] = seller
        self.memory.members[seller.id] = {owner_id: OWNER}
        self.memory.opened_by[seller.id] = owner_id
        self.memory.told += ["seller_opened", "seller_member_changed"]
        return True

    async def count_opened(self, account_id: UUID) -> int:
        return sum(opener == account_id for opener in self.memory.opened_by.values())

    async def find(self, seller_id: UUID) -> Seller | None:
        return self.memory.sellers.get(seller_id)

    async def find_by_slug(self, slug: str) -> Seller | None:
        known = (seller for seller in self.memory.sellers.values() if seller.slug == slug)
        return next(known, None)

    async def change(
        self, seller_id: UUID, name: str | None, timezone: str | None, now: datetime
    ) -> Seller | None:
        seller = self.memory.sellers.get(seller_id)
        if seller is None:
            return None
        changed = replace(seller, name=name or seller.name, timezone=timezone or seller.timezone)
        if changed != seller:
            self.memory.sellers[seller_id] = changed
            self.memory.told.append("seller_updated")
        return changed

    async def role_of(self, seller_id: UUID, account_id: UUID) -> str | None:
        return self.memory.members.get(seller_id, {}).get(account_id)

    async def members(self, seller_id: UUID) -> Sequence[Member]:
        members = [
            Member(account_id, known.email, known.name, role)
            for account_id, role in self.memory.members.get(seller_id, {}).items()
            if (known := self.memory.accounts[account_id])
        ]
        return sorted(members, key=lambda member: MEMBER_ROLES.index(member.role))

    @asynccontextmanager
    async def roster(self, seller_id: UUID) -> AsyncIterator[Roster]:
        members = self.memory.members.get(seller_id)
        if members is None:
            raise SellerNotFound
        roster = Roster(seller_id, members.items())
        yield roster
        change = roster.change
        if change is None:
            return
        if change.role is None:
            del members[change.account_id]
        else:
            members[change.account_id] = change.role
        self.memory.told.append("seller_member_changed")
