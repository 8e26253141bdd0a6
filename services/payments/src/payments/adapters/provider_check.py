"""The auditor's look at the providers' own logs: what they moved is what we say they moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.audit import Breach, Page, Severity, Where, estimate
from chassis.clock import Clock
from chassis.database import Database, Row
from chassis.ids import format_id
from chassis.retention import oldest_id_since
from payments.adapters.payment_repository import PostgresPayments
from payments.app.provider import NoReport, Provider, ProviderAway
from payments.app.settle import as_asked_for

_POSTED = ("capture", "refund_succeeded")
_BEGAN = "SELECT created_at FROM payment WHERE provider = %(provider)s ORDER BY id LIMIT 1"
_WINDOW_END = """
SELECT uuid_extract_timestamp(id) AS created_at FROM ledger_entry
WHERE id > %(since)s AND id < %(until)s AND amount_minor > 0 AND event = ANY (%(events)s)
ORDER BY id OFFSET %(limit)s LIMIT 1
"""
_BY_ATTEMPT = """
SELECT a.id AS attempt_id, p.order_id, p.captured_minor,
    p.closed_at IS NOT NULL OR p.status IN ('failed', 'voided') AS unwanted
FROM attempt a JOIN payment p ON p.id = a.payment_id WHERE a.id = ANY (%(ids)s)
"""
_CAPTURED = """
SELECT DISTINCT a.id FROM ledger_entry e
JOIN payment p ON p.order_id = e.order_id JOIN attempt a ON a.payment_id = p.id
WHERE e.id > %(since)s AND e.id < %(until)s AND e.amount_minor > 0 AND e.event = 'capture'
    AND p.provider = %(provider)s
"""
_REFUNDS = """
SELECT r.id, r.amount_minor, r.status, p.order_id, a.id AS attempt_id FROM refund r
JOIN payment p ON p.id = r.payment_id JOIN attempt a ON a.payment_id = p.id
"""
_REFUND_BY_ID = _REFUNDS + "WHERE r.id = ANY (%(ids)s)"
_REFUNDED = (
    _REFUNDS
    + """WHERE p.provider = %(provider)s AND r.status = 'succeeded'
    AND r.updated_at >= %(from)s AND r.updated_at < %(to)s"""
)
_EARLIEST: Final = timedelta(minutes=5)
"""How much earlier than our clock a provider's may run."""


@dataclass(slots=True)
class _Log:
    """What a provider says that it moved in a period, by our ids."""

    captured: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    refunded: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    authorized: set[UUID] = field(default_factory=set)


class ProviderCheck:
    """Compares in both directions, a period with some thousands of our postings at a time.

    A provider may note a moment earlier or later than we do what it did at the end of a period. So
    what only one side has is asked for by itself. Keys name the suspicion, the provider, our id and
    the amount that the provider has in its log.
    """

    name = "provider_agrees"
    promise = "What providers say they hold, captured and refunded is what our payments say."
    repair = (
        "Believe the provider: correct the payment by asking for its state, or return the money."
    )
    severity: Severity = "critical"

    def __init__(self, providers: Sequence[Provider], clock: Clock) -> None:
        self._providers = {each.name: each for each in sorted(providers, key=lambda p: p.name)}
        self._clock = clock
        self._judges: dict[str, Callable[[Database, Provider, UUID, int], Awaitable[_Verdict]]] = {
            "captured": self._judge_captured,
            "claimed": self._judge_claimed,
            "refunded": self._judge_refunded,
            "repaid": self._judge_repaid,
            "authorized": self._judge_authorized,
        }

    async def estimated(self, db: Database) -> int:
        """Return about how many payments there are."""
        return await estimate(db, "payment")

    async def page(self, db: Database, where: Where) -> Page:
        """Compare one period with one provider's log; its key names both."""
        if where.keys:
            return await self._judged(db, len(where.keys), "", where.keys)
        name, since = await self._place(db, where.after)
        if not name:
            return Page(0, "")
        now = self._clock.now() - timedelta(seconds=where.grace_s)
        until = max(since, await self._end(db, since, now, where.limit))
        last = f"{name} {until.isoformat()}" if until < now else f"{name} end"
        try:
            log = await self._log(self._providers[name], since, until)
        except NoReport:
            return Page(0, f"{name} end")
        except ProviderAway as away:
            breach = Breach(f"away {name} {UUID(int=0)} 0", name, f"the log cannot be read: {away}")
            return Page(0, f"{name} end", (breach,), 1)
        keys = await self._suspicions(db, name, log, (since, until))
        return await self._judged(db, len(log.captured) + len(log.refunded), last, keys)

    async def _place(self, db: Database, after: str) -> tuple[str, datetime]:
        """Return the provider and the beginning of the next period; no name at the end."""
        name, _, place = after.partition(" ")
        if name in self._providers and place != "end":
            return name, datetime.fromisoformat(place)
        for next_name in self._providers:
            if next_name > name:
                row = await db.fetch_one(_BEGAN, {"provider": next_name})
                if row is not None:
                    return next_name, row["created_at"] - _EARLIEST
        return "", self._clock.now()

    async def _end(self, db: Database, since: datetime, now: datetime, limit: int) -> datetime:
        values = {
            "since": oldest_id_since(since),
            "until": oldest_id_since(now),
            "events": list(_POSTED),
            "limit": limit,
        }
        row = await db.fetch_one(_WINDOW_END, values)
        return now if row is None else min(now, row["created_at"] + timedelta(milliseconds=1))

    async def _log(self, provider: Provider, since: datetime, until: datetime) -> _Log:
        log = _Log()
        over: set[UUID] = set()
        async for movements in provider.report(since, until):
            for each in movements:
                if each.kind == "refund" and each.refund_id is not None:
                    log.refunded[each.refund_id] += each.amount_minor
                elif each.attempt_id is None:
                    continue
                elif each.kind == "capture":
                    log.captured[each.attempt_id] += each.amount_minor
                elif each.kind == "authorization":
                    log.authorized.add(each.attempt_id)
                elif each.kind == "void":
                    over.add(each.attempt_id)
        log.authorized -= over | log.captured.keys()
        return log

    async def _suspicions(
        self, db: Database, name: str, log: _Log, period: tuple[datetime, datetime]
    ) -> list[str]:
        """Return keys of all that only one side has, or that both have differently."""
        values = {
            "provider": name,
            "since": oldest_id_since(period[0]),
            "until": oldest_id_since(period[1]),
            "from": period[0],
            "to": period[1],
        }
        ids = [*log.captured, *log.authorized]
        ours = {row["attempt_id"]: row for row in await db.fetch_all(_BY_ATTEMPT, {"ids": ids})}
        known = await db.fetch_all(_REFUND_BY_ID, {"ids": list(log.refunded)})
        paid = {row["id"]: row["amount_minor"] for row in known if row["status"] == "succeeded"}
        claimed = await db.fetch_all(_CAPTURED, values)
        repaid = await db.fetch_all(_REFUNDED, values)
        return [
            *(
                f"captured {name} {id_} {amount}"
                for id_, amount in log.captured.items()
                if id_ not in ours or ours[id_]["captured_minor"] != amount
            ),
            *(
                f"authorized {name} {id_} 0"
                for id_ in log.authorized
                if id_ not in ours or ours[id_]["unwanted"]
            ),
            *(
                f"refunded {name} {id_} {amount}"
                for id_, amount in log.refunded.items()
                if paid.get(id_) != amount
            ),
            *(f"claimed {name} {row['id']} 0" for row in claimed if row["id"] not in log.captured),
            *(f"repaid {name} {row['id']} 0" for row in repaid if row["id"] not in log.refunded),
        ]

    async def _judged(self, db: Database, checked: int, last: str, keys: Sequence[str]) -> Page:
        breaches = []
        for key in keys:
            kind, name, id_, amount = key.split()
            provider = self._providers[name]
            try:
                if kind == "away":
                    now = self._clock.now()
                    await self._log(provider, now, now)
                    continue
                verdict = await self._judges[kind](db, provider, UUID(id_), int(amount))
            except ProviderAway as away:
                verdict = _Verdict(name, f"the provider cannot be asked: {away}")
            if verdict.wrong:
                breaches.append(Breach(key, verdict.subject_id, verdict.wrong))
        return Page(checked, last, tuple(breaches), len(breaches))

    async def _judge_captured(
        self, db: Database, provider: Provider, id_: UUID, amount: int
    ) -> _Verdict:
        row = await _first(db, _BY_ATTEMPT, id_)
        if row is None:
            return _Verdict.of_attempt(
                id_, f"{provider.name} captured {amount}, for nothing of ours"
            )
        captured = row["captured_minor"]
        wrong = f"{provider.name} captured {amount}, our payment {captured}"
        return _Verdict.of_order(row, "" if captured == amount else wrong)

    async def _judge_claimed(
        self, db: Database, provider: Provider, id_: UUID, _amount: int
    ) -> _Verdict:
        row = await _first(db, _BY_ATTEMPT, id_)
        if row is None or not row["captured_minor"]:
            return _Verdict("", "")
        status = await self._status(db, provider, id_)
        wrong = f"our payment captured {row['captured_minor']}, {provider.name} says {status}"
        return _Verdict.of_order(row, "" if status == "captured" else wrong)

    async def _judge_authorized(
        self, db: Database, provider: Provider, id_: UUID, _amount: int
    ) -> _Verdict:
        row = await _first(db, _BY_ATTEMPT, id_)
        if row is None:
            return _Verdict.of_attempt(id_, f"{provider.name} authorized what is nothing of ours")
        held = row["unwanted"] and await self._status(db, provider, id_) == "authorized"
        wrong = f"{provider.name} holds an authorization that nobody wants"
        return _Verdict.of_order(row, wrong if held else "")

    async def _judge_refunded(
        self, db: Database, provider: Provider, id_: UUID, amount: int
    ) -> _Verdict:
        row = await _first(db, _REFUND_BY_ID, id_)
        if row is None:
            wrong = f"{provider.name} refunded {amount}, for no refund of ours"
            return _Verdict(format_id("rfd", id_), wrong)
        same = row["status"] == "succeeded" and row["amount_minor"] == amount
        wrong = f"{provider.name} refunded {amount}, our refund is {row['status']}"
        return _Verdict.of_order(row, "" if same else f"{wrong}, {row['amount_minor']}")

    async def _judge_repaid(
        self, db: Database, provider: Provider, id_: UUID, _amount: int
    ) -> _Verdict:
        row = await _first(db, _REFUND_BY_ID, id_)
        if row is None:
            return _Verdict("", "")
        payment = await PostgresPayments(db, _unheard).find_by_attempt(row["attempt_id"])
        if payment is None:
            return _Verdict("", "")
        status = await provider.find_refund(as_asked_for(payment), id_)
        wrong = f"our refund of {row['amount_minor']} succeeded, {provider.name} says {status}"
        return _Verdict.of_order(row, "" if status == "succeeded" else wrong)

    async def _status(self, db: Database, provider: Provider, attempt_id: UUID) -> str:
        payment = await PostgresPayments(db, _unheard).find_by_attempt(attempt_id)
        if payment is None:
            return "not_found"
        return (await provider.find(as_asked_for(payment))).status


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is wrong with a subject; nothing if all is well."""

    subject_id: str
    wrong: str

    @classmethod
    def of_order(cls, row: Row, wrong: str) -> _Verdict:
        return cls(format_id("ord", row["order_id"]), wrong)

    @classmethod
    def of_attempt(cls, id_: UUID, wrong: str) -> _Verdict:
        return cls(format_id("att", id_), wrong)


async def _first(db: Database, sql: str, id_: UUID) -> Row | None:
    return await db.fetch_one(sql, {"ids": [id_]})


def _unheard() -> None:
    """Reading tells nobody anything."""
