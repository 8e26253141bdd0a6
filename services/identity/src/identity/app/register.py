"""Create an account and open its first session."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from chassis.ids import new_id
from identity.app.opaque_token import new_token
from identity.app.ports import AccessTokens, Accounts, Passwords, Tokens
from identity.domain.account import (
    Account,
    canonical_locale,
    email_violations,
    locale_violations,
    name_violations,
)
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.errors import ValidationFailed
from identity.domain.password import normalized, require_acceptable
from identity.domain.session import NewSession


@dataclass(frozen=True, slots=True)
class Register:
    """A person asks for an account."""

    email: str
    password: str = field(repr=False)
    name: str
    locale: str = ""
    device: Device = UNKNOWN_DEVICE


@dataclass(frozen=True, slots=True)
class RegisterHandler:
    """Handles Register."""

    accounts: Accounts
    passwords: Passwords
    tokens: AccessTokens
    clock: Clock
    default_locale: str

    async def handle(self, command: Register) -> tuple[Account, Tokens]:
        """Return the new account and its tokens.

        Raises ValidationFailed, WeakPassword or EmailTaken. Two registrations of one address that
        run at the same time end with one account and one EmailTaken.
        """
        email, name = command.email.strip(), command.name.strip()
        locale = command.locale or self.default_locale
        violations = email_violations(email) + name_violations(name) + locale_violations(locale)
        if violations:
            raise ValidationFailed(violations)
        require_acceptable(command.password, email)
        hashed = await self.passwords.hash(normalized(command.password))
        account = Account(new_id(), email, name, canonical_locale(locale))
        refresh, now = new_token(), self.clock.now()
        session = NewSession(new_id(), account.id, refresh.hash, now, command.device)
        await self.accounts.register(account, hashed, session)
        return account, Tokens(await self.tokens.sign(account, session.id, now), refresh.text)
