"""How an account with its memberships is read in one statement."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from typing import Any
from uuid import UUID

from identity.domain.account import Account, Membership

MAX_LISTED_SELLERS = 200

ACCOUNT = f"""
    a.id, a.email, a.name, a.locale, a.granted_roles,
    a.email_verified_at IS NOT NULL AS email_verified,
    (SELECT coalesce(jsonb_agg(to_jsonb(known) - 'added_at'), '[]')
     FROM (SELECT s.id AS seller_id, s.slug, s.name, m.role, m.added_at
           FROM seller_member m JOIN seller s ON s.id = m.seller_id
           WHERE m.account_id = a.id
           ORDER BY m.added_at, s.id LIMIT {MAX_LISTED_SELLERS}) AS known
    ) AS memberships,
    EXISTS (SELECT FROM totp_factor f
            WHERE f.account_id = a.id AND f.confirmed_at IS NOT NULL) AS second_factor
"""
"""Columns for ``to_account``; the table or row set that has the account's columns is ``a``.

Oldest memberships come first, so that somebody who is added to many sellers keeps the own ones.
"""


def to_account(row: dict[str, Any]) -> Account:
    """Return the account of a row that was read with ``ACCOUNT``."""
    return Account(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        locale=row["locale"],
        granted_roles=frozenset(row["granted_roles"]),
        memberships=tuple(
            Membership(
                seller_id=UUID(known["seller_id"]),
                slug=known["slug"],
                name=known["name"],
                role=known["role"],
            )
            for known in row["memberships"]
        ),
        email_verified=row["email_verified"],
        second_factor=row["second_factor"],
    )
