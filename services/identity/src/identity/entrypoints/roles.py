"""``python -m identity grant | revoke EMAIL ROLE``: for whoever operates the machine."""

from __future__ import annotations

from collections.abc import Awaitable

from chassis.database import Database
from chassis.errors import ServiceError
from identity.app.grant_role import GrantRole, GrantRoleHandler
from identity.app.revoke_role import RevokeRole, RevokeRoleHandler
from identity.domain.account import BUYER, GRANTABLE_ROLES, Account
from identity.domain.errors import AccountNotFound, LastAdmin, ValidationFailed


async def grant(db: Database, handler: GrantRoleHandler, email: str, role: str) -> str:
    """Grant a role and return a sentence that says what was done.

    Raises SystemExit with a sentence for an unknown address or role, or when the database is away.
    """
    account, added = await _changed(db, handler.handle(GrantRole(email, role)), email, role)
    said = f"is {role} from now on" if added else f"is {role} already"
    return f"{account.email} {said}; all its roles: {', '.join(account.roles)}."


async def revoke(db: Database, handler: RevokeRoleHandler, email: str, role: str) -> str:
    """Take a role away and return a sentence that says what was done.

    Raises SystemExit as ``grant`` does, and for the last admin.
    """
    account, taken = await _changed(db, handler.handle(RevokeRole(email, role)), email, role)
    said = f"is no longer {role}" if taken else f"is not {role}"
    return f"{account.email} {said}; all its roles: {', '.join(account.roles)}."


async def _changed(
    db: Database, change: Awaitable[tuple[Account, bool]], email: str, role: str
) -> tuple[Account, bool]:
    await db.open()
    try:
        return await change
    except ValidationFailed:
        known = ", ".join([*GRANTABLE_ROLES, BUYER])
        raise SystemExit(f"There is no role {role!r}; the roles are {known}.") from None
    except AccountNotFound:
        raise SystemExit(f"There is no account with the e-mail address {email!r}.") from None
    except (LastAdmin, ServiceError) as error:
        raise SystemExit(str(error)) from None
    finally:
        await db.close()
