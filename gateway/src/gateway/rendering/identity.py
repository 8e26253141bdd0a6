"""Accounts, sessions, API keys and sellers."""

from __future__ import annotations

from gateway.rendering.values import Document, time
from soko.identity.v1 import (
    account_pb2,
    api_key_pb2,
    auth_pb2,
    external_login_pb2,
    seller_pb2,
    session_pb2,
)


def account(value: account_pb2.Account) -> Document:
    """Return an account."""
    return {
        "id": value.id,
        "email": value.email,
        "name": value.name,
        "locale": value.locale,
        "email_verified": value.email_verified,
        "second_factor": value.second_factor,
        "roles": list(value.roles),
        "sellers": [
            {"id": seller.seller_id, "slug": seller.slug, "name": seller.name, "role": seller.role}
            for seller in value.sellers
        ],
    }


def tokens(value: auth_pb2.Tokens) -> Document:
    """Return a session's tokens as OAuth 2.0 (RFC 6749, 5.1) names them."""
    return {
        "access_token": value.access_token,
        "refresh_token": value.refresh_token,
        "token_type": "Bearer",
        "expires_in": value.expires_in_s,
    }


def session(value: session_pb2.Session) -> Document:
    """Return a session."""
    return {
        "id": value.id,
        "opened_at": time(value.opened_at),
        "last_used_at": time(value.last_used_at),
        "user_agent": value.user_agent,
        "address": value.address,
        "current": value.current,
    }


def api_key(value: api_key_pb2.ApiKey) -> Document:
    """Return an API key without its secret."""
    return {
        "id": value.id,
        "name": value.name,
        "prefix": value.prefix,
        "scopes": list(value.scopes),
        "created_at": time(value.created_at),
        "expires_at": time(value.expires_at),
        "last_used_at": time(value.last_used_at) if value.HasField("last_used_at") else None,
    }


def login_provider(value: external_login_pb2.LoginProvider) -> Document:
    """Return a login provider."""
    return {"provider": value.name, "name": value.title}


def begun_login(value: external_login_pb2.BegunLogin) -> Document:
    """Return a begun login."""
    return {
        "authorization_url": value.authorization_url,
        "client_token": value.client_token,
        "expires_in": value.expires_in_s,
    }


def external_identity(value: external_login_pb2.ExternalIdentity) -> Document:
    """Return a linked login of a provider."""
    return {
        "provider": value.provider,
        "email": value.email or None,
        "linked_at": time(value.linked_at),
    }


def seller(value: seller_pb2.Seller) -> Document:
    """Return a seller."""
    return {
        "id": value.id,
        "slug": value.slug,
        "name": value.name,
        "country": value.country,
        "currency": value.currency,
        "timezone": value.timezone,
        "status": value.status,
        "created_at": time(value.created_at),
    }


def member(value: seller_pb2.Member) -> Document:
    """Return a member of a seller."""
    return {
        "user_id": value.account_id,
        "email": value.email,
        "name": value.name,
        "role": value.role,
    }
