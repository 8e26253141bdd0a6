"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifications.domain.audits import AuditReport
from notifications.domain.deliveries import Delivery
from notifications.domain.mail import (
    Contact,
    LinkSubject,
    MailOrder,
    MailSubject,
    MintedLink,
    RenderedMail,
)
from notifications.domain.notices import MailOrdered, Notice
from notifications.domain.realtime import GroupState, Message


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that a batch of events changes here."""

    groups: Mapping[str, GroupState] = field(default_factory=dict)
    messages: Sequence[Message] = ()
    notices: Sequence[Notice] = ()
    mails: Sequence[MailOrdered] = ()
    event_id_of_notice: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.messages or self.notices or self.mails)


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What is kept of an account."""

    locale: str
    deleted: bool = False


class EventStore(Protocol):
    """What a batch of events reads and writes, inside one transaction that its owner commits."""

    async def lock_groups(self, names: Collection[str]) -> Mapping[str, GroupState]:
        """Return how far each group has come, new groups included, and hold them until the end."""

    async def known_accounts(self, account_ids: Collection[str]) -> Mapping[str, KnownAccount]:
        """Return what is known of accounts, those that were deleted included."""

    async def save_locales(self, locales: Mapping[str, str]) -> None:
        """Store the languages of accounts, but of those that were deleted."""

    async def forget_accounts(self, account_ids: Collection[str], now: datetime) -> None:
        """Delete the inboxes, messages and languages of accounts, and note that they are gone."""

    async def save(self, effects: Effects, now: datetime) -> None:
        """Store the effects; a mail whose key exists already is left as it is."""


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of an inbox, newest first."""

    notices: Sequence[Notice]
    unread: int
    """How many of the whole inbox are unread."""


class Inbox(Protocol):
    """The entries of accounts' inboxes."""

    async def page(self, account_id: str, before_id: str | None, limit: int) -> InboxPage:
        """Return at most ``limit`` entries older than one, newest first."""

    async def mark_read(self, account_id: str, notice_id: str, now: datetime) -> Notice | None:
        """Mark an entry of the account as read and return it; None if it has no such entry."""


@dataclass(frozen=True, slots=True)
class Told:
    """A mail or an inbox entry, and what became of it."""

    at: datetime
    name: str
    """mail or inbox."""
    status: str
    detail: Mapping[str, str]


class NoticeHistory(Protocol):
    """What was told of orders."""

    async def of_order(self, order_id: str, account_id: str) -> Sequence[Told]:
        """Return an order's mails and its buyer's inbox entries, oldest first."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A real-time message as it was stored."""

    group: str
    sequence: int
    body_json: str


class MessageLog(Protocol):
    """Real-time messages that were told."""

    async def after(self, group: str, sequence: int, limit: int) -> Sequence[StoredMessage]:
        """Return at most ``limit`` messages behind a sequence number, oldest first."""

    async def newest(self, group: str) -> StoredMessage | None:
        """Return the newest message of a group."""

    async def last_sequence(self, group: str) -> int:
        """Return the sequence number that a group has come to; 0 for an unknown one."""

    async def told_since(self, since: datetime, limit: int) -> Sequence[StoredMessage]:
        """Return messages stored since a moment, in the order of their groups' sequences."""


class RealtimePublisher(Protocol):
    """Tells messages to whoever listens now."""

    async def publish(self, group: str, body_json: bytes) -> None:
        """Tell one message; nobody may be listening, and that is fine."""


class DeliveryQueue(Protocol):
    """Mails that wait to be sent."""

    async def claim(self, now: datetime, lease_s: float, limit: int) -> Sequence[Delivery]:
        """Count an attempt of due deliveries and keep them from others for the lease."""

    async def succeed(self, delivery_id: UUID, now: datetime) -> None:
        """Note that a mail was accepted."""

    async def retry(self, delivery: Delivery, at: datetime, error: str) -> None:
        """Note why an attempt failed and when the next one is due."""

    async def bury(self, delivery: Delivery, now: datetime, error: str) -> None:
        """Note why a mail is given up."""

    async def drop(self, delivery: Delivery) -> None:
        """Forget a mail that is not to be sent; the inbox knows that its event was heard."""


class OrderReader(Protocol):
    """Orders, asked for when a mail is about to be sent."""

    async def read(self, order_id: str) -> MailOrder:
        """Return an order; raise SubjectUnavailable if it cannot be had now."""


class ContactReader(Protocol):
    """Contact data, asked for when it is needed and stored nowhere."""

    async def read(self, account_id: str) -> Contact | None:
        """Return the contact, None for an account that is gone.

        Raises SubjectUnavailable if it cannot be had now.
        """


class LinkMinter(Protocol):
    """Secret links, asked for when their mail is made and stored nowhere."""

    async def mint(self, request_id: str) -> MintedLink | None:
        """Return a link to mail now, None if nothing is to be mailed.

        Raises SubjectUnavailable if it cannot be had now.
        """


class MailRenderer(Protocol):
    """Turns facts into words."""

    def render(self, subject: MailSubject) -> RenderedMail:
        """Return an order's mail in the subject's language."""

    def render_link(self, subject: LinkSubject) -> RenderedMail:
        """Return a link's mail in the subject's language."""

    def render_warning(self, kind: str, locale: str) -> RenderedMail:
        """Return a mail that says what was changed of an account, in a supported language."""


class NoticeTexts(Protocol):
    """Words of inbox entries."""

    def title(self, notice: Notice, locale: str) -> str:
        """Return the entry's title."""

    def body(self, notice: Notice, locale: str) -> str:
        """Return the entry's text."""


class MailTransport(Protocol):
    """Hands mails to a mail server."""

    async def send(self, recipient: str, mail: RenderedMail, message_id: str) -> None:
        """Send one mail and return once the server has accepted it.

        Raises MailRefused if it never will and MailNotAccepted if a later attempt may succeed;
        after the latter the mail may have arrived all the same.
        """


class AuditReports(Protocol):
    """The reports of audits, and whose turn the next audit is."""

    async def add(self, report: AuditReport) -> None:
        """Keep a report, and forget those before the last hundred."""

    async def last(self) -> AuditReport | None:
        """Return the newest report."""

    async def take_turn(self, now: datetime, next_at: datetime) -> bool:
        """Take the turn if it is due, and name the next; the first time only name it."""
        ...


class Auditor(Protocol):
    """Looks whether all services agree."""

    async def audit(self) -> AuditReport:
        """Audit the deployment now."""
        ...
