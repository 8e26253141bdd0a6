"""Change the caller's name or locale."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts
from identity.domain.account import (
    Account,
    canonical_locale,
    locale_violations,
    name_violations,
)
from identity.domain.errors import AccountNotFound, ValidationFailed


@dataclass(frozen=True, slots=True)
class UpdateMe:
    """What is None stays as it is."""

    caller: Caller
    name: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateMeHandler:
    """Handles UpdateMe."""

    accounts: Accounts
    clock: Clock

    async def handle(self, command: UpdateMe) -> Account:
        """Return the changed account; raises ValidationFailed or SessionEnded."""
        now = self.clock.now()
        await require_live(self.accounts, command.caller, now)
        name, locale = command.name, command.locale
        violations = [
            *(name_violations(name) if name is not None else []),
            *(locale_violations(locale) if locale is not None else []),
        ]
        if violations:
            raise ValidationFailed(violations)
        changed = await self.accounts.change_profile(
            command.caller.account_id,
            name.strip() if name is not None else None,
            canonical_locale(locale) if locale is not None else None,
            now,
        )
        if changed is None:
            raise AccountNotFound
        return changed
