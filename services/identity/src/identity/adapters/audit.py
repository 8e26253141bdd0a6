"""What identity says of its own data to an auditor."""

from __future__ import annotations

from typing import Final

from chassis.audit import Audit, Check, SqlCheck
from chassis.audit_events import OUTBOX_CHECKS, OUTBOX_FACTS
from chassis.database import Database

_CHECKS: Final[tuple[Check, ...]] = (
    SqlCheck(
        name="sellers_have_owners",
        promise="A seller has at least one owner.",
        repair="Make a member, or the account that opened the seller, its owner.",
        severity="warning",
        table="seller",
        key="id",
        prefix="sel",
        breaches="""
            SELECT s.id AS key, s.id AS subject, format('%s has no owner', s.slug) AS explanation
            FROM seller s WHERE {span s.id} AND NOT EXISTS (
                SELECT FROM seller_member m WHERE m.seller_id = s.id AND m.role = 'owner')
        """,
    ),
)


def audit_of(db: Database) -> Audit:
    """Return what can be asked of this database."""
    return Audit(db, (*_CHECKS, *OUTBOX_CHECKS), (OUTBOX_FACTS,))
