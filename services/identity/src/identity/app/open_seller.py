"""Open a seller."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, Sellers
from identity.app.regions import country_violations, currency_violations, timezone_violations
from identity.domain.errors import SellerNotFound, SlugTaken, TooManySellers, ValidationFailed
from identity.domain.seller import (
    DEFAULT_TIMEZONE,
    MAX_OPENED_PER_ACCOUNT,
    Seller,
    name_violations,
    slug_of,
)

_SLUG_TRIES = 5
_SUFFIX_BYTES = 3


@dataclass(frozen=True, slots=True)
class OpenSeller:
    """The caller wants to sell. ``seller_id`` is the same for every repetition of one request."""

    caller: Caller
    seller_id: UUID
    name: str
    country: str
    currency: str
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class OpenSellerHandler:
    """Handles OpenSeller."""

    accounts: Accounts
    sellers: Sellers
    clock: Clock

    async def handle(self, command: OpenSeller) -> Seller:
        """Return the seller, which the caller owns; a repetition returns the same one.

        Raises SessionEnded, ValidationFailed or TooManySellers.
        """
        now = self.clock.now()
        await require_live(self.accounts, command.caller, now)
        timezone = command.timezone or DEFAULT_TIMEZONE
        violations = [
            *name_violations(command.name),
            *country_violations(command.country),
            *currency_violations(command.currency),
            *timezone_violations(timezone),
        ]
        if violations:
            raise ValidationFailed(violations)
        known = await self.sellers.find(command.seller_id)
        if known is not None:
            return known
        owner_id = command.caller.account_id
        if await self.sellers.count_opened(owner_id) >= MAX_OPENED_PER_ACCOUNT:
            raise TooManySellers
        name = command.name.strip()
        seller = Seller(
            command.seller_id, slug_of(name), name, command.country, command.currency, timezone, now
        )
        return await self._open(seller, owner_id)

    async def _open(self, seller: Seller, owner_id: UUID) -> Seller:
        """Store the seller, with a random end to its slug where the plain one is taken."""
        attempt = seller
        for _ in range(_SLUG_TRIES):
            try:
                if await self.sellers.open(attempt, owner_id):
                    return attempt
            except SlugTaken:
                suffix = secrets.token_hex(_SUFFIX_BYTES)
                attempt = replace(seller, slug=f"{seller.slug}-{suffix}")
            else:
                return await self._first_one(seller.id)
        raise SlugTaken

    async def _first_one(self, seller_id: UUID) -> Seller:
        """Return what a repetition of this request, at the same time, has stored."""
        stored = await self.sellers.find(seller_id)
        if stored is None:
            raise SellerNotFound
        return stored
