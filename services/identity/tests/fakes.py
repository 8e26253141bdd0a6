"""The ports in memory; they keep the same promises as the stores on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from chassis.ids import new_id
from identity.app.ports import Credentials, ListedSession, OpenSession
from identity.domain.account import Account, Membership, email_key
from identity.domain.api_key import ApiKey
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.errors import (
    EmailTaken,
    LastAdmin,
)
from identity.domain.mailed_link import EMAIL_VERIFICATION
from identity.domain.seller import Seller
from identity.domain.session import (
    KEPT_AFTER_END,
    MAX_OPEN_TICKETS,
    REFRESH_TOKEN_LIFE,
    NewSession,
    NewTicket,
)


@dataclass
class StoredToken:
    session_id: UUID
    expires_at: datetime
    issued_at: datetime
    device: Device
    rotated: bool = False


@dataclass
class StoredSession:
    account_id: UUID
    opened_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


@dataclass
class StoredKey:
    key: ApiKey
    secret_hash: bytes
    revoked_at: datetime | None = None


@dataclass
class StoredLink:
    purpose: str
    account_id: UUID | None
    requested_at: datetime
    mailed_at: datetime | None = None
    ended: bool = False
    tokens: dict[bytes, datetime] = field(default_factory=dict)


@dataclass
class StoredFactor:
    sealed_seed: bytes
    started_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    recovery_hashes: set[bytes] = field(default_factory=set)


@dataclass
class Memory:
    """What a database would hold; ``told`` are the names of events in their order."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    credentials: dict[UUID, Credentials] = field(default_factory=dict)
    sessions: dict[UUID, StoredSession] = field(default_factory=dict)
    tokens: dict[bytes, StoredToken] = field(default_factory=dict)
    tickets: dict[bytes, tuple[UUID, datetime]] = field(default_factory=dict)
    keys: dict[UUID, StoredKey] = field(default_factory=dict)
    links: dict[UUID, StoredLink] = field(default_factory=dict)
    sellers: dict[UUID, Seller] = field(default_factory=dict)
    members: dict[UUID, dict[UUID, str]] = field(default_factory=dict)
    opened_by: dict[UUID, UUID] = field(default_factory=dict)
    factors: dict[UUID, StoredFactor] = field(default_factory=dict)
    tries: dict[UUID, tuple[int, datetime]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    failures: list[tuple[str, UUID | None]] = field(default_factory=list)

    def account(self, account_id: UUID) -> Account | None:
        account = self.accounts.get(account_id)
        if account is None:
            return None
        memberships = tuple(
            Membership(seller_id, self.sellers[seller_id].slug, self.sellers[seller_id].name, role)
            for seller_id, members in self.members.items()
            if (role := members.get(account_id)) is not None
        )
        factor = self.factors.get(account_id)
        second_factor = factor is not None and factor.confirmed_at is not None
        return replace(account, memberships=memberships, second_factor=second_factor)

    def open_session(self, session_id: UUID, now: datetime) -> OpenSession | None:
        session = self.sessions.get(session_id)
        if session is None or not session.is_open(now):
            return None
        account = self.account(session.account_id)
        return OpenSession(session_id, account) if account else None

    def add_session(self, session: NewSession) -> None:
        self.sessions[session.id] = StoredSession(
            session.account_id, session.opened_at, session.expires_at
        )
        self.tokens[session.token_hash] = StoredToken(
            session.id, session.token_expires_at, session.opened_at, session.device
        )

    def end_sessions(self, account_id: UUID, now: datetime, kept: UUID | None = None) -> list[UUID]:
        ended = [
            session_id
            for session_id, session in self.sessions.items()
            if session.account_id == account_id and session_id != kept and session.is_open(now)
        ]
        for session_id in ended:
            self.sessions[session_id].revoked_at = now
            self.told.append("session_revoked")
        return ended


class MemoryAccounts:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def register(self, account: Account, password_hash: str, session: NewSession) -> None:
        if await self.find_by_email(email_key(account.email)) is not None:
            raise EmailTaken
        self.memory.accounts[account.id] = account
        self.memory.credentials[account.id] = Credentials(
            account.id, password_hash, session.opened_at
        )
        self.memory.add_session(session)
        self.memory.links[new_id()] = StoredLink(EMAIL_VERIFICATION, account.id, session.opened_at)
        self.memory.told += ["account_registered", "email_verification_requested"]

    async def credentials_of(self, email_key: str) -> Credentials | None:
        account = await self.find_by_email(email_key)
        return await self.credentials_for(account.id) if account else None

    async def credentials_for(self, account_id: UUID) -> Credentials | None:
        account, known = self.memory.account(account_id), self.memory.credentials.get(account_id)
        if account is None or known is None:
            return None
        return replace(known, second_factor=account.second_factor)

    async def replace_hash(self, account_id: UUID, old: str, new: str) -> None:
        known = self.memory.credentials[account_id]
        if known.password_hash == old:
            self.memory.credentials[account_id] = replace(known, password_hash=new)

    async def change_password(
        self, account_id: UUID, kept_session_id: UUID, old: str, new: str, now: datetime
    ) -> Sequence[UUID] | None:
        known = self.memory.credentials[account_id]
        if known.password_hash != old:
            return None
        changed = replace(known, password_hash=new, changed_at=now)
        self.memory.credentials[account_id] = changed
        self.memory.told.append("password_changed")
        return self.memory.end_sessions(account_id, now, kept_session_id)

    async def note_failure(self, name: str, account_id: UUID | None, now: datetime) -> None:
        self.memory.failures.append((name, account_id))

    async def find(self, account_id: UUID) -> Account | None:
        return self.memory.account(account_id)

    async def find_by_email(self, email_key_: str) -> Account | None:
        for account in self.memory.accounts.values():
            if email_key(account.email) == email_key_:
                return self.memory.account(account.id)
        return None

    async def of_session(self, account_id: UUID, session_id: UUID, now: datetime) -> Account | None:
        found = self.memory.open_session(session_id, now)
        return found.account if found and found.account.id == account_id else None

    async def change_profile(
        self, account_id: UUID, name: str | None, locale: str | None, now: datetime
    ) -> Account | None:
        account = self.memory.accounts.get(account_id)
        if account is None:
            return None
        self.memory.accounts[account_id] = replace(
            account, name=name or account.name, locale=locale or account.locale
        )
        return self.memory.account(account_id)

    async def replace_roles(
        self, account_id: UUID, granted: frozenset[str], now: datetime
    ) -> Account | None:
        account = self.memory.accounts.get(account_id)
        if account is None:
            return None
        admins = {known.id for known in self.memory.accounts.values() if known.is_admin}
        if admins == {account_id} and "admin" not in granted:
            raise LastAdmin
        if account.granted_roles != granted:
            self.memory.accounts[account_id] = replace(account, granted_roles=granted)
            self.memory.told.append("role_granted")
        return self.memory.account(account_id)


class MemorySessions:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def open(self, session: NewSession, password_as_of: datetime) -> Account | None:
        known = self.memory.credentials.get(session.account_id)
        if known is None or known.changed_at > password_as_of:
            return None
        self.memory.add_session(session)
        return self.memory.account(session.account_id)

    async def rotate(
        self, old: bytes, new: bytes, now: datetime, device: Device = UNKNOWN_DEVICE
    ) -> OpenSession | None:
        token = self.memory.tokens.get(old)
        if token is None or token.rotated or token.expires_at <= now:
            return None
        found = self.memory.open_session(token.session_id, now)
        if found is None:
            return None
        token.rotated = True
        expires_at = min(
            now + REFRESH_TOKEN_LIFE, self.memory.sessions[token.session_id].expires_at
        )
        self.memory.tokens[new] = StoredToken(token.session_id, expires_at, now, device)
        return found

    async def revoke_if_reused(self, token: bytes, now: datetime) -> bool:
        known = self.memory.tokens.get(token)
        if known is None or not known.rotated:
            return False
        session = self.memory.sessions[known.session_id]
        await self.revoke(session.account_id, known.session_id, now)
        return True

    async def page(
        self, account_id: UUID, before: UUID | None, limit: int, now: datetime
    ) -> Sequence[ListedSession]:
        found = [
            ListedSession(session_id, session.opened_at, token.issued_at, token.device)
            for token in self.memory.tokens.values()
            if not token.rotated and token.expires_at > now
            if (session_id := token.session_id)
            and (session := self.memory.sessions[session_id]).account_id == account_id
            and session.is_open(now)
            and (before is None or session_id < before)
        ]
        return sorted(found, key=lambda each: each.id, reverse=True)[:limit]

    async def revoke(
        self, account_id: UUID, session_id: UUID, now: datetime, reason: str = "logout"
    ) -> bool:
        session = self.memory.sessions.get(session_id)
        if session is None or session.account_id != account_id or session.revoked_at:
            return False
        session.revoked_at = now
        self.memory.told.append("session_revoked")
        return True

    async def revoked_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        ended = [
            (session.revoked_at, session_id)
            for session_id, session in self.memory.sessions.items()
            if session.revoked_at and session.revoked_at >= moment
        ]
        return [session_id for _, session_id in sorted(ended, reverse=True)[:limit]]

    async def add_ticket(self, ticket: NewTicket) -> bool:
        found = self.memory.open_session(ticket.session_id, ticket.created_at)
        if found is None or found.account.id != ticket.account_id:
            return False
        others = [
            (expires_at, key)
            for key, (session_id, expires_at) in self.memory.tickets.items()
            if session_id == ticket.session_id
        ]
        for _, key in sorted(others, reverse=True)[MAX_OPEN_TICKETS - 1 :]:
            del self.memory.tickets[key]
        self.memory.tickets[ticket.token_hash] = (ticket.session_id, ticket.expires_at)
        return True

    async def use_ticket(self, token: bytes, now: datetime) -> OpenSession | None:
        session_id, expires_at = self.memory.tickets.pop(token, (None, now))
        if session_id is None or expires_at <= now:
            return None
        return self.memory.open_session(session_id, now)

    async def sweep(self, now: datetime, limit: int) -> int:
        memory, kept_since = self.memory, now - KEPT_AFTER_END
        tickets = [key for key, (_, expires_at) in memory.tickets.items() if expires_at <= now]
        tokens = [key for key, token in memory.tokens.items() if token.expires_at <= now]
        sessions = [
            key
            for key, known in memory.sessions.items()
            if known.expires_at <= kept_since
            or (known.revoked_at and known.revoked_at <= kept_since)
        ]
        for key in tickets[:limit]:
            del memory.tickets[key]
        for key in tokens[:limit]:
            del memory.tokens[key]
        for session_id in sessions[:limit]:
            del memory.sessions[session_id]
            memory.tokens = {
                key: token for key, token in memory.tokens.items() if token.session_id != session_id
            }
        return len(tickets[:limit]) + len(tokens[:limit]) + len(sessions[:limit])


class PlainPasswords:
    """Says how often it worked, because unknown users must cost as much as known ones."""

    def __init__(self) -> None:
        self.checked = 0
        self.outdated = False

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password: str, hashed: str | None) -> bool:
        self.checked += 1
        return hashed == f"hash of {password}"

    def is_outdated(self, hashed: str) -> bool:
        return self.outdated


class ReadableTokens:
    async def sign(
        self,
        account: Account,
        session_id: UUID,
        now: datetime,
        stepped_up_until: datetime | None = None,
    ) -> str:
        stepped_up = f" until {stepped_up_until}" if stepped_up_until else ""
        return f"{account.id} {session_id} {','.join(account.roles)}{stepped_up}"

    async def sign_for_key(
        self, account: Account, key: ApiKey, now: datetime, expires_at: datetime
    ) -> str:
        return f"{account.id} {key.id} {','.join(key.scopes)} until {expires_at.isoformat()}"
