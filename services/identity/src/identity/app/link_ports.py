"""What the use cases around mailed links need of their store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from identity.domain.account import Account
from identity.domain.mailed_link import NewLink


@dataclass(frozen=True, slots=True)
class MintedLink:
    """A link whose token may be mailed now."""

    account: Account
    purpose: str
    life: timedelta


class MailedLinks(Protocol):
    """Links and their tokens; tokens are known by their hashes only.

    A method is one atomic step; whatever it changes, it tells of by events in the same step.
    """

    async def ask_reset(self, link: NewLink, email_key: str) -> None:
        """Store that somebody wants to reset the password of an address.

        Does the same whether an account has the address or not. Tells password_reset_requested.
        """

    async def ask_verification(self, link: NewLink, account_id: UUID) -> None:
        """Store that an account's address is to be verified. Tells email_verification_requested."""

    async def mint(self, link_id: UUID, token_hash: bytes, now: datetime) -> MintedLink | None:
        """Give a link one more token, and end the account's older links of the purpose.

        None when there is nothing to mail: nobody has the address, or has it verified already, the
        link ended or is too old, or the account had as many mails as it may.
        """

    async def account_of(self, token_hash: bytes, purpose: str, now: datetime) -> Account | None:
        """Return the account that a token which works was mailed to."""

    async def reset_password(
        self, token_hash: bytes, password_hash: str, now: datetime
    ) -> Sequence[UUID] | None:
        """Use a link up, store a password and end every session; return which were open.

        Of any number of callers with tokens of one link one at most gets through, the others get
        None. The address is verified with it. Tells session_revoked.
        """

    async def verify_email(self, token_hash: bytes, now: datetime) -> bool:
        """Use a link up and note that the address is verified; False if the token works no more."""

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` links that are of no more use; return how many."""
