"""There is always an admin."""

from __future__ import annotations

from uuid import UUID

from chassis.database import Statements
from identity.domain.errors import LastAdmin

# Whoever is about to be no admin any more waits here for the others who are, so that one is left.
_LOCK_ADMINS = """
SELECT id FROM account WHERE 'admin' = ANY (granted_roles) ORDER BY id FOR NO KEY UPDATE
"""


async def require_other_admin(transaction: Statements, account_id: UUID) -> None:
    """Raise LastAdmin if the account is the only admin; until the end nobody else leaves."""
    admins = {row["id"] for row in await transaction.fetch_all(_LOCK_ADMINS)}
    if admins == {account_id}:
        raise LastAdmin
