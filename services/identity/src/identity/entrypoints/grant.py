"""``python -m identity grant EMAIL ROLE``: for whoever operates the machine."""

from __future__ import annotations

from chassis.database import Database
from chassis.errors import ServiceError
from identity.app.grant_role import GrantRole, GrantRoleHandler
from identity.domain.account import BUYER, GRANTABLE_ROLES
from identity.domain.errors import AccountNotFound, ValidationFailed


async def grant(db: Database, handler: GrantRoleHandler, email: str, role: str) -> str:
    """Grant a role and return a sentence that says what was done.

    Raises SystemExit with a sentence for an unknown address or role, or when the database is away.
    """
    await db.open()
    try:
        account, added = await handler.handle(GrantRole(email, role))
    except ValidationFailed:
        known = ", ".join([*GRANTABLE_ROLES, BUYER])
        raise SystemExit(f"There is no role {role!r}; the roles are {known}.") from None
    except AccountNotFound:
        raise SystemExit(f"There is no account with the e-mail address {email!r}.") from None
    except ServiceError as error:
        raise SystemExit(str(error)) from None
    finally:
        await db.close()
    roles = ", ".join(account.roles)
    if added:
        return f"{account.email} is {role} from now on; all its roles: {roles}."
    return f"{account.email} is {role} already; all its roles: {roles}."
