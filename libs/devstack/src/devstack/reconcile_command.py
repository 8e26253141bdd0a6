"""``soko reconcile``: compare the books with what a provider says that it did."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.reconciling import reconcile as compare
from chassis.errors import ServiceError
from devstack.audit_command import CLEAN, FOUND, NOT_RUN
from devstack.home import Home
from devstack.running import running_stack
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import bookkeeping_pb2 as pb

_DAY = timedelta(days=1)


def reconcile(
    home: Home, provider: str, since: datetime | None, until: datetime | None, *, as_json: bool
) -> int:
    """Compare a period, the last day without one; print what differs, return the exit status.

    Times without an offset are UTC.
    """
    stack = running_stack(home)
    if stack is None:
        return NOT_RUN
    until = _aware(until) if until else datetime.now(UTC)
    since = _aware(since) if since else until - _DAY
    target = stack.targets["payments"]
    try:
        found = asyncio.run(compare(target, provider, since, until))
    except ServiceError as error:
        print(f"The books could not be compared: {error}", file=sys.stderr)
        return NOT_RUN
    show(provider, found, as_json=as_json)
    return FOUND if found.differences else CLEAN


def show(provider: str, found: pb.ReconcileResponse, *, as_json: bool) -> None:
    """Print what a comparison found: as ``GET /v1/ops/reconciliation`` does, or as a table."""
    if as_json:
        print(json.dumps(_document(found)))
        return
    for each in found.differences:
        ours = _money(each.ours) if each.HasField("ours") else "-"
        theirs = _money(each.theirs) if each.HasField("theirs") else "-"
        print(
            f"{each.kind:<15} {each.movement:<8} {each.order_id or '-':<30}"
            f" ours {ours:>14} {each.status:<19} theirs {theirs:>14} {each.movement_id}"
        )
    count = f"{len(found.differences)}{'' if found.complete else ' or more'} differences"
    print(
        f"{count if found.differences else 'No difference'} between {provider}'s {found.theirs}"
        f" movements and our {found.ours}, {found.since.ToJsonString()} to"
        f" {found.until.ToJsonString()}."
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _document(found: pb.ReconcileResponse) -> dict[str, Any]:
    return {
        "since": found.since.ToJsonString(),
        "until": found.until.ToJsonString(),
        "checked": {"theirs": found.theirs, "ours": found.ours},
        "complete": found.complete,
        "items": [_difference(each) for each in found.differences],
    }


def _difference(found: pb.Difference) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for field, value in found.ListFields():
        if isinstance(value, Money):
            value = {"amount_minor": value.amount_minor, "currency": value.currency}
        document[field.name] = value
    return document


def _money(money: Money) -> str:
    return f"{money.amount_minor} {money.currency}"
