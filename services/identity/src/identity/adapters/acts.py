"""The acts that identity's audit log tells of; the subject is the account, where there is one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from chassis.audit_log import Act
from chassis.ids import format_id
from identity.domain.account import Account
from identity.domain.api_key import ApiKey
from identity.domain.external_identity import ExternalIdentity
from identity.domain.seller import Seller
from identity.domain.session import NewSession
from identity.domain.signing_key import SigningKey


def account_registered(session: NewSession) -> Act:
    """Somebody registered and is logged in."""
    return _of_session("account_registered", session)


def logged_in(session: NewSession, issuer: str = "") -> Act:
    """Somebody proved to be the owner of an account, or another issuer said so."""
    return _of_session("logged_in", session, {"issuer": issuer} if issuer else {})


def failed(name: str, account_id: UUID | None) -> Act:
    """Somebody did not prove it; None when no account has the address that was tried."""
    return Act(name, _account(account_id) if account_id else "", outcome="failed")


def account_deleted(account_id: UUID) -> Act:
    """An account is forgotten; only its id is left."""
    return Act("account_deleted", _account(account_id))


def sessions_ended(account_id: UUID, session_ids: Collection[UUID], reason: str) -> Act:
    """Sessions of an account ended."""
    ended = [format_id("ses", session_id) for session_id in session_ids]
    return Act("sessions_ended", _account(account_id), {"reason": reason, "sessions": ended})


def second_factor_set(account_id: UUID) -> Act:
    """From now on an account logs in with a second factor."""
    return Act("second_factor_set", _account(account_id))


def second_factor_removed(account_id: UUID) -> Act:
    """An account no longer has a second factor."""
    return Act("second_factor_removed", _account(account_id))


def recovery_code_used(account_id: UUID) -> Act:
    """Somebody proved itself with one of the codes that are kept for a lost second factor."""
    return Act("recovery_code_used", _account(account_id), actor=_account(account_id))


def password_changed(account_id: UUID) -> Act:
    """Who knew the password chose another one."""
    return Act("password_changed", _account(account_id))


def password_reset(account_id: UUID) -> Act:
    """Whoever read a mailed link chose a new password."""
    return Act("password_reset", _account(account_id), actor=_account(account_id))


def email_verified(account_id: UUID) -> Act:
    """Whoever read a mailed link said so."""
    return Act("email_verified", _account(account_id), actor=_account(account_id))


def roles_changed(account: Account, before: Collection[str]) -> Act:
    """An account has other platform roles than before."""
    roles = {"before": sorted(before), "after": sorted(account.granted_roles)}
    return Act("roles_changed", _account(account.id), roles)


def seller_opened(seller: Seller, owner_id: UUID) -> Act:
    """An account opened a seller and owns it."""
    return Act("seller_opened", _account(owner_id), {"seller": format_id("sel", seller.id)})


def seller_member_changed(seller_id: UUID, account_id: UUID, role: str | None) -> Act:
    """A membership was made, changed or, without a role, ended."""
    detail = {"seller": format_id("sel", seller_id), "role": role or ""}
    return Act("seller_member_changed", _account(account_id), detail)


def api_key_made(key: ApiKey) -> Act:
    """A program may act for an account."""
    detail = {
        "key": format_id("key", key.id),
        "scopes": list(key.scopes),
        "expires_at": key.expires_at.isoformat(),
    }
    return Act("api_key_made", _account(key.account_id), detail)


def api_key_revoked(key_id: UUID, account_id: UUID) -> Act:
    """A program may no longer act for an account."""
    return Act("api_key_revoked", _account(account_id), {"key": format_id("key", key_id)})


def signing_key_changed(key: SigningKey) -> Act:
    """A key that signs access tokens was made, or it was settled when it retires."""
    name = "signing_key_made" if key.retires_at is None else "signing_key_retired"
    moment = key.retires_at or key.signs_from
    return Act(name, key.id, {"at": moment.isoformat()})


def identity_linked(account_id: UUID, identity: ExternalIdentity) -> Act:
    """Another issuer's word leads into an account."""
    return Act("identity_linked", _account(account_id), {"issuer": identity.issuer})


def identity_unlinked(account_id: UUID, identity: ExternalIdentity) -> Act:
    """Another issuer's word leads into an account no longer."""
    return Act("identity_unlinked", _account(account_id), {"issuer": identity.issuer})


def _of_session(name: str, session: NewSession, detail: Mapping[str, object] | None = None) -> Act:
    account, opened = _account(session.account_id), format_id("ses", session.id)
    return Act(name, account, detail or {}, actor=account, session=opened)


def _account(account_id: UUID) -> str:
    return format_id("usr", account_id)
