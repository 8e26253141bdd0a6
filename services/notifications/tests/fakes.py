"""Ports in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from chassis.ids import new_id
from notifications.app.ports import Effects, InboxPage, KnownAccount, StoredMessage
from notifications.domain.deliveries import DEAD, PENDING, SUCCEEDED, Delivery
from notifications.domain.errors import SubjectUnavailable
from notifications.domain.mail import Contact, MailOrder, MintedLink, RenderedMail
from notifications.domain.notices import MailOrdered, Notice
from notifications.domain.realtime import GroupState, Message, user_group


@dataclass
class FakeEventStore:
    groups: dict[str, GroupState] = field(default_factory=dict)
    locales: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    mails: dict[str, MailOrdered] = field(default_factory=dict)

    async def lock_groups(self, names: Collection[str]) -> Mapping[str, GroupState]:
        return {name: self.groups.get(name, GroupState()) for name in names}

    async def known_accounts(self, account_ids: Collection[str]) -> Mapping[str, KnownAccount]:
        return {
            key: KnownAccount(self.locales.get(key, ""), deleted=key in self.gone)
            for key in account_ids
            if key in self.locales or key in self.gone
        }

    async def save_locales(self, locales: Mapping[str, str]) -> None:
        self.locales.update({k: v for k, v in locales.items() if k not in self.gone})

    async def forget_accounts(self, account_ids: Collection[str], now: datetime) -> None:
        for account_id in account_ids:
            self.gone.add(account_id)
            self.locales.pop(account_id, None)
            self.notices = [n for n in self.notices if n.account_id != account_id]
            self.messages = [m for m in self.messages if m.group != user_group(account_id)]

    async def save(self, effects: Effects, now: datetime) -> None:
        self.groups.update(effects.groups)
        self.messages += effects.messages
        self.notices += effects.notices
        for mail in effects.mails:
            self.mails.setdefault(mail.dedupe_key, mail)


@dataclass
class FakeInbox:
    notices: list[Notice] = field(default_factory=list)

    async def page(self, account_id: str, before_id: str | None, limit: int) -> InboxPage:
        own = sorted(
            (n for n in self.notices if n.account_id == account_id),
            key=lambda n: n.id,
            reverse=True,
        )
        rest = [n for n in own if before_id is None or n.id < before_id]
        return InboxPage(rest[:limit], sum(not n.read for n in own))

    async def mark_read(self, account_id: str, notice_id: str, now: datetime) -> Notice | None:
        for at, notice in enumerate(self.notices):
            if (notice.id, notice.account_id) == (notice_id, account_id):
                self.notices[at] = replace(notice, read=True)
                return self.notices[at]
        return None


@dataclass
class FakeMessageLog:
    messages: list[StoredMessage] = field(default_factory=list)

    async def after(self, group: str, sequence: int, limit: int) -> Sequence[StoredMessage]:
        found = [m for m in self.messages if m.group == group and m.sequence > sequence]
        return sorted(found, key=lambda m: m.sequence)[:limit]

    async def newest(self, group: str) -> StoredMessage | None:
        found = await self.after(group, 0, len(self.messages))
        return found[-1] if found else None

    async def last_sequence(self, group: str) -> int:
        newest = await self.newest(group)
        return newest.sequence if newest else 0

    async def told_since(self, since: datetime, limit: int) -> Sequence[StoredMessage]:
        return self.messages[:limit]


@dataclass
class FakePublisher:
    told: list[tuple[str, bytes]] = field(default_factory=list)

    async def publish(self, group: str, body_json: bytes) -> None:
        self.told.append((group, body_json))


@dataclass
class FakeDelivery:
    kind: str
    order_id: str
    due: datetime
    params: Mapping[str, object] = field(default_factory=dict)
    account_id: str = ""
    status: str = PENDING
    attempts: int = 0
    error: str = ""


@dataclass
class FakeDeliveryQueue:
    rows: dict[UUID, FakeDelivery] = field(default_factory=dict)

    async def add(
        self,
        kind: str,
        order_id: str,
        due: datetime,
        params: Mapping[str, object] | None = None,
        account_id: str = "",
    ) -> UUID:
        key = new_id()
        self.rows[key] = FakeDelivery(kind, order_id, due, params or {}, account_id)
        return key

    async def status_of(self, delivery_id: UUID) -> str:
        return self.rows[delivery_id].status

    async def claim(self, now: datetime, lease_s: float, limit: int) -> Sequence[Delivery]:
        due = [(k, r) for k, r in self.rows.items() if r.status == PENDING and r.due <= now]
        claimed = []
        for key, row in sorted(due, key=lambda pair: pair[1].due)[:limit]:
            row.attempts += 1
            row.due = now + timedelta(seconds=lease_s)
            claimed.append(
                Delivery(key, row.kind, row.order_id, row.account_id, row.params, row.attempts)
            )
        return claimed

    async def succeed(self, delivery_id: UUID, now: datetime) -> None:
        if self.rows[delivery_id].status == PENDING:
            self.rows[delivery_id].status = SUCCEEDED

    async def retry(self, delivery: Delivery, at: datetime, error: str) -> None:
        row = self.rows[delivery.id]
        if (row.status, row.attempts) == (PENDING, delivery.attempts):
            row.due, row.error = at, error

    async def bury(self, delivery: Delivery, now: datetime, error: str) -> None:
        row = self.rows[delivery.id]
        if (row.status, row.attempts) == (PENDING, delivery.attempts):
            row.status, row.error = DEAD, error

    async def drop(self, delivery: Delivery) -> None:
        del self.rows[delivery.id]


@dataclass
class FakeOrders:
    orders: dict[str, MailOrder] = field(default_factory=dict)
    away: bool = False

    async def read(self, order_id: str) -> MailOrder:
        if self.away:
            raise SubjectUnavailable("orders: service_unavailable")
        return self.orders[order_id]


@dataclass
class FakeContacts:
    contacts: dict[str, Contact] = field(default_factory=dict)
    away: bool = False
    asked: int = 0

    async def read(self, account_id: str) -> Contact | None:
        self.asked += 1
        if self.away:
            raise SubjectUnavailable("identity: service_unavailable")
        return self.contacts.get(account_id)


@dataclass
class FakeLinks:
    links: dict[str, MintedLink] = field(default_factory=dict)
    away: bool = False

    async def mint(self, request_id: str) -> MintedLink | None:
        if self.away:
            raise SubjectUnavailable("identity: service_unavailable")
        return self.links.get(request_id)


@dataclass
class FakeTransport:
    sent: list[tuple[str, RenderedMail, str]] = field(default_factory=list)
    failure: Exception | None = None

    async def send(self, recipient: str, mail: RenderedMail, message_id: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append((recipient, mail, message_id))
