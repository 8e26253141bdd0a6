"""Mailed links in memory; they keep the same promises as those on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from identity.app.link_ports import MintedLink
from identity.app.ports import Credentials
from identity.domain.account import Account, email_key
from identity.domain.mailed_link import (
    EMAIL_VERIFICATION,
    KEPT_FOR,
    MAILED_PER,
    MAILED_WITHIN,
    MAX_MAILED,
    PASSWORD_RESET,
    TOKEN_LIFE,
    NewLink,
)
from services.identity.tests.fakes import Memory, StoredLink


class MemoryMailedLinks:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def ask_reset(self, link: NewLink, email_key_: str) -> None:
        known = [a.id for a in self.memory.accounts.values() if email_key(a.email) == email_key_]
        self._ask(link, PASSWORD_RESET, known[0] if known else None)

    async def ask_verification(self, link: NewLink, account_id: UUID) -> None:
        self._ask(link, EMAIL_VERIFICATION, account_id)

    def _ask(self, link: NewLink, purpose: str, account_id: UUID | None) -> None:
        self.memory.links[link.id] = StoredLink(purpose, account_id, link.requested_at)
        self.memory.told.append(f"{purpose}_requested")

    async def mint(self, link_id: UUID, token_hash: bytes, now: datetime) -> MintedLink | None:
        link = self.memory.links.get(link_id)
        account = self.memory.account(link.account_id) if link and link.account_id else None
        if link is None or account is None:
            return None
        if link.purpose == EMAIL_VERIFICATION and account.email_verified:
            return None
        kin = [
            (other.requested_at, key, other)
            for key, other in self.memory.links.items()
            if (other.account_id, other.purpose) == (link.account_id, link.purpose)
        ]
        mailed = sum(bool(o.mailed_at and o.mailed_at > now - MAILED_PER) for _, _, o in kin)
        if link.ended or link.requested_at <= now - MAILED_WITHIN:
            return None
        if link.mailed_at is None and mailed >= MAX_MAILED:
            return None
        link.mailed_at = link.mailed_at or now
        life = TOKEN_LIFE[link.purpose]
        link.tokens[token_hash] = now + life
        for requested_at, key, other in kin:
            other.ended |= (requested_at, key) < (link.requested_at, link_id)
        return MintedLink(account, link.purpose, life)

    def _working(self, token_hash: bytes, purpose: str, now: datetime) -> StoredLink | None:
        for link in self.memory.links.values():
            expires_at = link.tokens.get(token_hash)
            if expires_at and expires_at > now and link.purpose == purpose and not link.ended:
                return link
        return None

    async def account_of(self, token_hash: bytes, purpose: str, now: datetime) -> Account | None:
        link = self._working(token_hash, purpose, now)
        return self.memory.account(link.account_id) if link and link.account_id else None

    def _use(self, token_hash: bytes, purpose: str, now: datetime) -> UUID | None:
        link = self._working(token_hash, purpose, now)
        if link is None or link.account_id is None:
            return None
        link.ended = True
        account = self.memory.accounts[link.account_id]
        self.memory.accounts[account.id] = replace(account, email_verified=True)
        return account.id

    async def reset_password(
        self, token_hash: bytes, password_hash: str, now: datetime
    ) -> Sequence[UUID] | None:
        account_id = self._use(token_hash, PASSWORD_RESET, now)
        if account_id is None:
            return None
        self.memory.credentials[account_id] = Credentials(account_id, password_hash, now)
        self.memory.told.append("password_changed")
        return self.memory.end_sessions(account_id, now)

    async def verify_email(self, token_hash: bytes, now: datetime) -> bool:
        return self._use(token_hash, EMAIL_VERIFICATION, now) is not None

    async def sweep(self, now: datetime, limit: int) -> int:
        old = [k for k, link in self.memory.links.items() if link.requested_at <= now - KEPT_FOR]
        for key in old[:limit]:
            del self.memory.links[key]
        return len(old[:limit])
