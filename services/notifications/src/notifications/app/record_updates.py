"""Records what a batch of events means here: messages, inbox entries and mails to send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.ids import format_id, new_id
from notifications.app.notice_json import notice_body
from notifications.app.ports import Effects, EventStore, KnownAccount, NoticeTexts
from notifications.domain import locales, realtime
from notifications.domain.notices import (
    MailOrdered,
    Notice,
    credential_mail,
    inbox_kind,
    link_mail,
    notice_params,
    order_mail,
    refund_mail,
)
from notifications.domain.realtime import Draft, GroupState, Message
from notifications.domain.updates import (
    AccountGone,
    AccountUpdate,
    CredentialUpdate,
    LinkUpdate,
    OrderUpdate,
    RefundUpdate,
    Update,
)

_NEW = KnownAccount(locale="")


@dataclass(frozen=True, slots=True)
class RecordUpdates:
    """Events in the order in which they were received."""

    updates: Sequence[Update]
    now: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is to be done once the transaction is committed."""

    messages: Sequence[Message]
    """To be told."""
    mail: bool
    """Whether there may be mail to send."""


async def record_updates(command: RecordUpdates, store: EventStore, texts: NoticeTexts) -> Recorded:
    """Store a batch's effects and return what follows the commit.

    Three statements serve a batch of any size. The caller owns the transaction, which also holds
    the inbox rows: an event's effects are stored exactly once.
    """
    learnt = {u.account_id: u.locale for u in command.updates if isinstance(u, AccountUpdate)}
    if learnt:
        await store.save_locales(learnt)
    gone = [u.account_id for u in command.updates if isinstance(u, AccountGone)]
    if gone:
        await store.forget_accounts(gone, command.now)
    orders = [u for u in command.updates if isinstance(u, OrderUpdate)]
    states = await store.lock_groups(_groups(orders)) if orders else {}
    noted = [(u, kind) for u in orders if (kind := _account_kind(u))]
    known = await store.known_accounts({u.account_id for u, _ in noted}) if noted else {}
    noted = [(u, kind) for u, kind in noted if not known.get(u.account_id, _NEW).deleted]
    # Ids of one millisecond are in no order; the inbox sorts by id, so that they are put in order.
    ids = sorted(new_id() for _ in noted)
    notices = [(u, _notice(u, kind, key)) for (u, kind), key in zip(noted, ids, strict=True)]
    drafts, seen = _fresh_drafts(orders, states)
    drafts += [
        Draft(
            realtime.user_group(notice.account_id),
            update.event_id,
            notice_body(notice, texts, locales.choose(known.get(notice.account_id, _NEW).locale)),
        )
        for update, notice in notices
    ]
    messages, moved = realtime.in_sequence(drafts, seen)
    effects = Effects(
        groups=moved,
        messages=messages,
        notices=[notice for _, notice in notices],
        mails=_mails(command.updates),
        event_id_of_notice={notice.id: update.event_id for update, notice in notices},
    )
    if not effects.empty:
        await store.save(effects, command.now)
    return Recorded(messages, mail=bool(effects.mails))


def _groups(orders: Sequence[OrderUpdate]) -> set[str]:
    names = {realtime.order_group(u.order_id) for u in orders}
    return names | {realtime.user_group(u.account_id) for u in orders if u.account_id}


def _account_kind(update: OrderUpdate) -> str | None:
    return inbox_kind(update) if update.account_id else None


def _notice(update: OrderUpdate, kind: str, key: UUID) -> Notice:
    return Notice(
        id=format_id("ntf", key),
        account_id=update.account_id,
        kind=kind,
        subject_id=update.order_id,
        params=notice_params(update),
        created_at=update.occurred_at,
    )


def _fresh_drafts(
    orders: Sequence[OrderUpdate], states: Mapping[str, GroupState]
) -> tuple[list[Draft], dict[str, GroupState]]:
    seen: dict[str, GroupState] = dict(states)
    drafts: list[Draft] = []
    for update in orders:
        group = realtime.order_group(update.order_id)
        if realtime.is_stale(update, seen[group]):
            continue
        seen[group] = replace(seen[group], order_version=update.version)
        drafts += realtime.status_drafts(update)
    return drafts, seen


def _mails(updates: Sequence[Update]) -> list[MailOrdered]:
    ordered: dict[str, MailOrdered] = {}
    for update in updates:
        if isinstance(update, OrderUpdate):
            mail = order_mail(update)
        elif isinstance(update, RefundUpdate):
            mail = refund_mail(update)
        elif isinstance(update, LinkUpdate):
            mail = link_mail(update)
        elif isinstance(update, CredentialUpdate):
            mail = credential_mail(update)
        else:
            mail = None
        if mail is not None:
            ordered.setdefault(mail.dedupe_key, mail)
    return list(ordered.values())
