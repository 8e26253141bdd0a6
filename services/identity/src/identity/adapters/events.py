"""The events that identity tells, as they leave through the outbox.

They carry state, never an e-mail address or a secret.
"""

from __future__ import annotations

from uuid import UUID

from chassis.ids import format_id
from chassis.outbox import OutgoingEvent
from identity.domain.account import Account
from identity.domain.seller import Seller
from soko.events.v1 import identity_pb2 as events


def account_registered(account: Account) -> OutgoingEvent:
    """Tell that an account exists."""
    account_id = format_id("usr", account.id)
    message = events.AccountRegistered(account_id=account_id, locale=account.locale)
    return OutgoingEvent("account_registered", account_id, message)


def account_deleted(account_id: UUID) -> OutgoingEvent:
    """Tell that an account is gone, so that others forget it too."""
    text = format_id("usr", account_id)
    return OutgoingEvent("account_deleted", text, events.AccountDeleted(account_id=text))


def password_reset_requested(link_id: UUID) -> OutgoingEvent:
    """Tell that somebody asked for a link; whether an account has the address is not told."""
    request_id = format_id("lnk", link_id)
    message = events.PasswordResetRequested(request_id=request_id)
    return OutgoingEvent("password_reset_requested", request_id, message)


def email_verification_requested(link_id: UUID) -> OutgoingEvent:
    """Tell that an address is to be verified."""
    request_id = format_id("lnk", link_id)
    message = events.EmailVerificationRequested(request_id=request_id)
    return OutgoingEvent("email_verification_requested", request_id, message)


def role_granted(account: Account) -> OutgoingEvent:
    """Tell all roles that an account has now."""
    account_id = format_id("usr", account.id)
    message = events.RoleGranted(account_id=account_id, roles=account.roles)
    return OutgoingEvent("role_granted", account_id, message)


def session_revoked(session_id: UUID, account_id: UUID) -> OutgoingEvent:
    """Tell that a session's access tokens must be refused."""
    session = format_id("ses", session_id)
    message = events.SessionRevoked(session_id=session, account_id=format_id("usr", account_id))
    return OutgoingEvent("session_revoked", session, message)


def api_key_revoked(key_id: UUID, account_id: UUID) -> OutgoingEvent:
    """Tell that an API key and its access tokens must be refused."""
    key = format_id("key", key_id)
    message = events.ApiKeyRevoked(api_key_id=key, account_id=format_id("usr", account_id))
    return OutgoingEvent("api_key_revoked", key, message)


def second_factor_changed(account_id: UUID, *, enabled: bool) -> OutgoingEvent:
    """Tell whether an account has a second factor now."""
    account = format_id("usr", account_id)
    message = events.SecondFactorChanged(account_id=account, enabled=enabled)
    return OutgoingEvent("second_factor_changed", account, message)


def password_changed(account_id: UUID) -> OutgoingEvent:
    """Tell that an account has a new password."""
    account = format_id("usr", account_id)
    message = events.PasswordChanged(account_id=account)
    return OutgoingEvent("password_changed", account, message)


def seller_opened(seller: Seller) -> OutgoingEvent:
    """Tell that a seller exists."""
    state = _state(seller)
    return OutgoingEvent("seller_opened", state.id, events.SellerOpened(seller=state))


def seller_updated(seller: Seller) -> OutgoingEvent:
    """Tell what a seller is now."""
    state = _state(seller)
    return OutgoingEvent("seller_updated", state.id, events.SellerUpdated(seller=state))


def seller_member_changed(seller_id: UUID, account_id: UUID, role: str | None) -> OutgoingEvent:
    """Tell the role that an account has at a seller now; no role means that it left."""
    seller = format_id("sel", seller_id)
    message = events.SellerMemberChanged(
        seller_id=seller, account_id=format_id("usr", account_id), role=role or ""
    )
    return OutgoingEvent("seller_member_changed", seller, message)


def _state(seller: Seller) -> events.SellerState:
    return events.SellerState(
        id=format_id("sel", seller.id),
        slug=seller.slug,
        name=seller.name,
        country=seller.country,
        currency=seller.currency,
        timezone=seller.timezone,
        status=seller.status,
    )
