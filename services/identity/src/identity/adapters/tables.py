"""The tables of this service: the truth that alembic checks; no serving process imports this."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis.migrations import chassis_tables

metadata = sa.MetaData()
chassis_tables(metadata, inbox=False, audit_log=True)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=nullable)


def _reference(name: str, target: str, *, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        pg.UUID,
        sa.ForeignKey(target, ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


account = sa.Table(
    "account",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("granted_roles", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("email_verified_at", nullable=True),
    _moment("deleted_at", nullable=True),
    sa.UniqueConstraint("email_key", name="account_email_key_key"),
)

password_credential = sa.Table(
    "password_credential",
    metadata,
    _reference("account_id", "account.id", primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    _moment("changed_at"),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    _reference("account_id", "account.id"),
    _moment("opened_at"),
    _moment("expires_at"),
    _moment("revoked_at", nullable=True),
    sa.Column("revoked_for", sa.Text),
)
sa.Index("session_account_id", session.c.account_id)
sa.Index("session_expires_at", session.c.expires_at)
sa.Index(
    "session_revoked_at",
    session.c.revoked_at,
    postgresql_where=session.c.revoked_at.is_not(None),
)

refresh_token = sa.Table(
    "refresh_token",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    _reference("session_id", "session.id"),
    _moment("issued_at"),
    _moment("expires_at"),
    _moment("rotated_at", nullable=True),
    sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
    sa.Column("network", sa.Text, nullable=False, server_default=""),
)
sa.Index(
    "refresh_token_unused",
    refresh_token.c.session_id,
    unique=True,
    postgresql_where=refresh_token.c.rotated_at.is_(None),
)
sa.Index("refresh_token_session_id", refresh_token.c.session_id)
sa.Index("refresh_token_expires_at", refresh_token.c.expires_at)

external_identity = sa.Table(
    "external_identity",
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    _reference("account_id", "account.id"),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    _moment("linked_at"),
    sa.UniqueConstraint("account_id", "provider", name="external_identity_account_provider_key"),
)

begun_login = sa.Table(
    "begun_login",
    metadata,
    sa.Column("state_hash", sa.LargeBinary, primary_key=True),
    sa.Column("client_hash", sa.LargeBinary, nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("account_id", pg.UUID, sa.ForeignKey("account.id", ondelete="CASCADE")),
    sa.Column("subject", sa.Text),
    _moment("expires_at"),
)
sa.Index("begun_login_expires_at", begun_login.c.expires_at)
sa.Index("begun_login_account_id", begun_login.c.account_id)

ws_ticket = sa.Table(
    "ws_ticket",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    _reference("session_id", "session.id"),
    _moment("expires_at"),
)
sa.Index("ws_ticket_session_id", ws_ticket.c.session_id)
sa.Index("ws_ticket_expires_at", ws_ticket.c.expires_at)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    _reference("account_id", "account.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("last_used_at", nullable=True),
    _moment("revoked_at", nullable=True),
    sa.UniqueConstraint("hash", name="api_key_hash_key"),
)
sa.Index("api_key_account_id", api_key.c.account_id)
sa.Index("api_key_expires_at", api_key.c.expires_at)
sa.Index(
    "api_key_revoked_at",
    api_key.c.revoked_at,
    postgresql_where=api_key.c.revoked_at.is_not(None),
)
login_attempt = sa.Table(
    "login_attempt",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("failures", sa.Double, nullable=False),
    _moment("as_of"),
    _moment("not_before"),
)
sa.Index("login_attempt_as_of", login_attempt.c.as_of)

known_login = sa.Table(
    "known_login",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    _moment("expires_at"),
)
sa.Index("known_login_expires_at", known_login.c.expires_at)

mailed_link = sa.Table(
    "mailed_link",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("account_id", pg.UUID),
    _moment("requested_at"),
    _moment("mailed_at", nullable=True),
    _moment("ended_at", nullable=True),
)
sa.Index("mailed_link_account_id", mailed_link.c.account_id, mailed_link.c.purpose)
sa.Index("mailed_link_requested_at", mailed_link.c.requested_at)

mailed_link_token = sa.Table(
    "mailed_link_token",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    _reference("link_id", "mailed_link.id"),
    _moment("expires_at"),
)
sa.Index("mailed_link_token_link_id", mailed_link_token.c.link_id)

signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("sealed_seed", sa.LargeBinary),
    _moment("created_at"),
    _moment("signs_from"),
    _moment("retires_at", nullable=True),
)

totp_factor = sa.Table(
    "totp_factor",
    metadata,
    _reference("account_id", "account.id", primary_key=True),
    sa.Column("sealed_seed", sa.LargeBinary, nullable=False),
    _moment("started_at"),
    _moment("confirmed_at", nullable=True),
    sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
)
sa.Index(
    "totp_factor_confirmed_at",
    totp_factor.c.confirmed_at,
    postgresql_where=totp_factor.c.confirmed_at.is_not(None),
)

recovery_code = sa.Table(
    "recovery_code",
    metadata,
    _reference("account_id", "totp_factor.account_id", primary_key=True),
    sa.Column("hash", sa.LargeBinary, primary_key=True),
)

proof_tries = sa.Table(
    "proof_tries",
    metadata,
    _reference("account_id", "account.id", primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),
    _moment("reset_at"),
)

seller = sa.Table(
    "seller",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    sa.Column("opened_by", pg.UUID, sa.ForeignKey("account.id", ondelete="SET NULL")),
    sa.UniqueConstraint("slug", name="seller_slug_key"),
)
sa.Index("seller_opened_by", seller.c.opened_by)

seller_member = sa.Table(
    "seller_member",
    metadata,
    _reference("seller_id", "seller.id", primary_key=True),
    _reference("account_id", "account.id", primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    _moment("added_at"),
)
sa.Index("seller_member_account_id", seller_member.c.account_id)
