"""What the use cases need from outside.

A method of a store is one atomic step; whatever it changes, it tells of by events in the same step.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.account import Account
from identity.domain.api_key import ApiKey
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.second_factor import TotpFactor
from identity.domain.seller import Member, Roster, Seller
from identity.domain.session import NewSession, NewTicket
from identity.domain.signing_key import SigningKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a password is checked against."""

    account_id: UUID
    password_hash: str = field(repr=False)
    changed_at: datetime
    """When the password was last changed; a newer hash of the same one does not count."""
    second_factor: bool = False
    """Whether a code has to be right besides."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is not over, and its account at this moment."""

    session_id: UUID
    account: Account


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session that is open, as its owner is shown it."""

    id: UUID
    opened_at: datetime
    last_used_at: datetime
    """When its tokens were last issued."""
    device: Device
    """Who got them."""


@dataclass(frozen=True, slots=True)
class UsedKey:
    """An API key that works, and its account at this moment."""

    key: ApiKey
    account: Account


class Accounts(Protocol):
    """Accounts and their passwords."""

    async def register(self, account: Account, password_hash: str, session: NewSession) -> None:
        """Store a new account with its first session; raises EmailTaken.

        Asks for a link that verifies its address. Tells account_registered and
        email_verification_requested.
        """

    async def credentials_of(self, email_key: str) -> Credentials | None:
        """Return what a login with this address is checked against."""

    async def credentials_for(self, account_id: UUID) -> Credentials | None:
        """Return what the account's own password is checked against."""

    async def note_failure(self, name: str, account_id: UUID | None, now: datetime) -> None:
        """Record that somebody did not prove to be the owner of an account, or of none.

        ``name`` is the act in the audit log. What strangers can provoke is recorded a bounded
        number of times.
        """

    async def replace_hash(self, account_id: UUID, old: str, new: str) -> None:
        """Store the same password in a newer form, unless it was changed meanwhile."""

    async def change_password(
        self, account_id: UUID, kept_session_id: UUID, old: str, new: str, now: datetime
    ) -> Sequence[UUID] | None:
        """Store a hash in place of the one that was verified, and end the other sessions.

        Return which were open; None if the hash is no longer that one. Tells password_changed and
        session_revoked.
        """

    async def find(self, account_id: UUID) -> Account | None:
        """Return an account; None for one that was deleted."""

    async def find_by_email(self, email_key: str) -> Account | None:
        """Return the account that has an address."""

    async def of_session(self, account_id: UUID, session_id: UUID, now: datetime) -> Account | None:
        """Return the account if the session is its own and not over."""

    async def change_profile(
        self, account_id: UUID, name: str | None, locale: str | None, now: datetime
    ) -> Account | None:
        """Change what is not None and return the account."""

    async def replace_roles(
        self, account_id: UUID, granted: frozenset[str], now: datetime
    ) -> Account | None:
        """Store the roles and return the account; tells role_granted if they differ.

        Raises LastAdmin when no admin would be left.
        """


@dataclass(frozen=True, slots=True)
class Ended:
    """What stopped working with an account."""

    sessions: Sequence[UUID]
    api_keys: Sequence[UUID]


class Deletions(Protocol):
    """Forgetting an account."""

    async def delete(self, account_id: UUID, now: datetime) -> Ended | None:
        """Forget all that names the person, and free the address; None if it is gone already.

        Raises SoleOwner or LastAdmin, and then nothing changes. Tells account_deleted,
        session_revoked, api_key_revoked and seller_member_changed.
        """


class Sessions(Protocol):
    """Sessions, their refresh tokens and tickets. Tokens are known by their hashes only."""

    async def open(self, session: NewSession, password_as_of: datetime) -> Account | None:
        """Store a session; None if the account's password was changed after that moment."""

    async def rotate(
        self, old: bytes, new: bytes, now: datetime, device: Device = UNKNOWN_DEVICE
    ) -> OpenSession | None:
        """Use up a refresh token and store its successor, in one step.

        Of any number of callers with the same token one at most gets an answer; None if the token
        is unknown, used or too old, or its session is over.
        """

    async def revoke_if_reused(self, token: bytes, now: datetime) -> bool:
        """Tell whether a token was used up before, and if so end its session.

        Tells session_revoked if the session was not over.
        """

    async def revoke(
        self, account_id: UUID, session_id: UUID, now: datetime, reason: str = "logout"
    ) -> bool:
        """End a session of the account; False if it is over. Tells session_revoked."""

    async def page(
        self, account_id: UUID, before: UUID | None, limit: int, now: datetime
    ) -> Sequence[ListedSession]:
        """Return the account's open sessions before that one, the newest first."""

    async def revoked_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        """Return the sessions that were ended at that moment or later, the newest first."""

    async def add_ticket(self, ticket: NewTicket) -> bool:
        """Store a ticket; False if the session is over.

        A session keeps its newest tickets only, ``MAX_OPEN_TICKETS`` of them.
        """

    async def use_ticket(self, token: bytes, now: datetime) -> OpenSession | None:
        """Use a ticket up; None if it is unknown, used or too old, or its session is over."""

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` each of tickets, tokens and sessions that are of no more use.

        Return how many were deleted.
        """


class ApiKeys(Protocol):
    """API keys. Secrets are known by their hashes only."""

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        """Store a key; raises TooManyApiKeys, and SessionEnded when the account is gone."""

    async def of_account(self, account_id: UUID) -> Sequence[ApiKey]:
        """Return the keys that are not revoked, the newest first."""

    async def revoke(self, account_id: UUID, key_id: UUID, now: datetime) -> bool:
        """Revoke a key of the account; False if there is none. Tells api_key_revoked."""

    async def use(self, secret_hash: bytes, now: datetime) -> UsedKey | None:
        """Return a key that works, with its account, and note now and then that it was used."""

    async def revoked_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        """Return the keys that were revoked at that moment or later, the newest first."""

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` keys that ended long ago; return how many."""


class SecondFactors(Protocol):
    """TOTP seeds, recovery codes, and how often an account failed to prove itself."""

    async def start(self, account_id: UUID, sealed_seed: bytes, now: datetime) -> bool:
        """Store a seed to be confirmed, in place of an earlier one; False if one is confirmed."""

    async def find(self, account_id: UUID) -> TotpFactor | None:
        """Return the account's factor, confirmed or not."""

    async def confirm(
        self,
        account_id: UUID,
        factor: TotpFactor,
        step: int,
        recovery_hashes: Sequence[bytes],
        now: datetime,
    ) -> bool:
        """Let the factor count, with its recovery codes; forget wrong tries.

        False if it was confirmed or replaced meanwhile. Tells second_factor_changed.
        """

    async def accept_step(self, account_id: UUID, factor: TotpFactor, step: int) -> bool:
        """Use up the codes up to a step and forget wrong tries.

        Of any number of callers with the same step one gets True.
        """

    async def use_recovery_code(self, account_id: UUID, code_hash: bytes) -> bool:
        """Use a recovery code up and forget wrong tries; False if there is no such code."""

    async def remove(self, account_id: UUID) -> bool:
        """Forget the factor and its codes; False if there is none.

        Tells second_factor_changed if it was confirmed.
        """

    async def confirmed_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        """Return the accounts that set their factor at that moment or later, the newest first."""

    async def take_try(self, account_id: UUID, now: datetime) -> datetime | None:
        """Count a try before it is made; return None, or when the lock-out ends without counting.

        However many come at once, at most ``MAX_TRIES`` of them get None.
        """

    async def forget_tries(self, account_id: UUID) -> None:
        """Count from zero again, after a proof that was right."""

    async def sealed_with(
        self, key_ids: Sequence[bytes], limit: int
    ) -> Sequence[tuple[UUID, bytes]]:
        """Return accounts whose seeds are sealed with one of the keys, and the sealed seeds."""

    async def replace_seal(self, account_id: UUID, old: bytes, new: bytes) -> bool:
        """Store the same seed sealed anew; False if another stands there."""

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` each of seeds that nobody confirmed and of lock-outs that ended.

        Return how many were deleted.
        """


class Sellers(Protocol):
    """Sellers and their members."""

    async def open(self, seller: Seller, owner_id: UUID) -> bool:
        """Store a seller and its first owner; False if there is one with this id; raises SlugTaken.

        Tells seller_opened and seller_member_changed.
        """

    async def count_opened(self, account_id: UUID) -> int:
        """Return how many sellers the account opened itself, whoever owns them now."""

    async def find(self, seller_id: UUID) -> Seller | None:
        """Return a seller."""

    async def find_by_slug(self, slug: str) -> Seller | None:
        """Return the seller with this slug."""

    async def change(
        self, seller_id: UUID, name: str | None, timezone: str | None, now: datetime
    ) -> Seller | None:
        """Change what is not None and return the seller; tells seller_updated if it differs."""

    async def role_of(self, seller_id: UUID, account_id: UUID) -> str | None:
        """Return the role of a member."""

    async def members(self, seller_id: UUID) -> Sequence[Member]:
        """Return every member, the mightiest first."""

    def roster(self, seller_id: UUID) -> AbstractAsyncContextManager[Roster]:
        """Hold the members of a seller; at the end the roster's change is stored.

        Others wait meanwhile. An exception leaves everything as it was. Raises SellerNotFound.
        Tells seller_member_changed.
        """


class ChangingKeys:
    """The signing keys while nobody else changes them, and what shall be stored of them."""

    def __init__(self, known: Sequence[SigningKey]) -> None:
        self.known = known
        self.changed: list[SigningKey] = []

    def put(self, key: SigningKey) -> None:
        """Store a new key, or when a known one retires."""
        self.changed.append(key)


class SigningKeys(Protocol):
    """The keys that sign access tokens, except for one that stands in the settings alone."""

    async def all(self) -> Sequence[SigningKey]:
        """Return every key, in the order in which they were made."""

    def changing(self) -> AbstractAsyncContextManager[ChangingKeys]:
        """Hold the keys; at the end what was put is stored. Others wait meanwhile."""


class KeyMaker(Protocol):
    """Makes signing keys."""

    def of_settings(self, now: datetime) -> SigningKey:
        """Return the key of the settings, which signs already."""

    def make(self, now: datetime, signs_from: datetime) -> SigningKey:
        """Return a new key, its seed sealed."""


class Passwords(Protocol):
    """Slow hashes of passwords."""

    async def hash(self, password: str) -> str:
        """Return a salted hash; raises ServiceError ``unavailable`` when too many wait."""

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Tell whether the hash is this password's; without a hash it takes as long and says no.

        Raises ServiceError ``unavailable`` when too many wait.
        """

    def is_outdated(self, hashed: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""


class AccessTokens(Protocol):
    """Signed access tokens."""

    async def sign(
        self,
        account: Account,
        session_id: UUID,
        now: datetime,
        stepped_up_until: datetime | None = None,
    ) -> str:
        """Return an access token of the session."""

    async def sign_for_key(
        self, account: Account, key: ApiKey, now: datetime, expires_at: datetime
    ) -> str:
        """Return an access token that does what an API key may, without platform roles."""


@dataclass(frozen=True, slots=True)
class NewSeed:
    """A TOTP seed as its owner and as the store gets it."""

    secret: str = field(repr=False)
    """In base32, without padding."""
    otpauth_uri: str = field(repr=False)
    sealed: bytes = field(repr=False)


class TotpSeeds(Protocol):
    """TOTP seeds, which only this part ever sees open."""

    def new(self, account: Account) -> NewSeed:
        """Return a new seed for an account."""

    @property
    def old_key_ids(self) -> Sequence[bytes]:
        """The keys that open seeds and no longer seal any."""

    def reseal(self, account_id: UUID, sealed: bytes) -> bytes:
        """Return a seed sealed with the newest key."""

    def step_of(self, account_id: UUID, factor: TotpFactor, code: str, now: datetime) -> int | None:
        """Return the time step that a code belongs to.

        None if it is no code of the steps around now, or not newer than the factor's last step.
        """


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the client of a session is given."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
