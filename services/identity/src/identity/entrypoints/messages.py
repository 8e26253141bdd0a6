"""How the domain's values look on the wire, and who calls."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from chassis.context import current_actor, current_client_address
from chassis.errors import ServiceError
from chassis.ids import format_id, parse_id
from identity.app.caller import Caller
from identity.app.find_seller import SellerName
from identity.app.ports import Tokens
from identity.domain.account import Account
from identity.domain.device import Device, device_of
from identity.domain.seller import Member, Seller
from identity.domain.session import ACCESS_TOKEN_LIFE
from soko.identity.v1 import account_pb2, auth_pb2, seller_pb2


def caller() -> Caller:
    """Return the account that calls, with its session.

    Raises ServiceError ``unauthenticated`` for anyone else, and ``insufficient_scope`` for an API
    key: no scope reaches what is kept here.
    """
    actor = current_actor()
    account_id = actor.require_account()
    actor.require_scope("")
    until = actor.stepped_up_until
    return Caller(
        parse_id("usr", account_id),
        parse_id("ses", actor.session_id),
        datetime.fromtimestamp(until, UTC) if until else None,
    )


def device(user_agent: str) -> Device:
    """Return what is kept of the client whose request this is."""
    return device_of(user_agent, current_client_address())


def account_id_of(text: str) -> UUID:
    """Return an account's id; raises ServiceError ``not_found``."""
    return parse_id("usr", text)


def seller_name_of(text: str) -> SellerName:
    """Return a seller's id, or else the text, which may be a slug."""
    try:
        return parse_id("sel", text)
    except ServiceError:
        return text


def account_message(account: Account) -> account_pb2.Account:
    """Return an account as it travels."""
    return account_pb2.Account(
        id=format_id("usr", account.id),
        email=account.email,
        name=account.name,
        locale=account.locale,
        roles=account.roles,
        sellers=[
            account_pb2.Membership(
                seller_id=format_id("sel", known.seller_id),
                slug=known.slug,
                name=known.name,
                role=known.role,
            )
            for known in account.memberships
        ],
        email_verified=account.email_verified,
        second_factor=account.second_factor,
    )


def tokens_message(tokens: Tokens) -> auth_pb2.Tokens:
    """Return a session's tokens as they travel."""
    return auth_pb2.Tokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in_s=int(ACCESS_TOKEN_LIFE.total_seconds()),
    )


def seller_message(seller: Seller) -> seller_pb2.Seller:
    """Return a seller as it travels."""
    message = seller_pb2.Seller(
        id=format_id("sel", seller.id),
        slug=seller.slug,
        name=seller.name,
        country=seller.country,
        currency=seller.currency,
        timezone=seller.timezone,
        status=seller.status,
    )
    message.created_at.FromDatetime(seller.created_at)
    return message


def member_message(member: Member) -> seller_pb2.Member:
    """Return a member as it travels."""
    return seller_pb2.Member(
        account_id=format_id("usr", member.account_id),
        email=member.email,
        name=member.name,
        role=member.role,
    )
