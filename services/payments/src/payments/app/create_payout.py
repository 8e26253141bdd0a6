"""Paying a seller."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.actor import Actor
from chassis.clock import Clock
from payments.app.ports import PayoutChannel, Payouts
from payments.app.seller_access import SellerAccess
from payments.app.settle import ask
from payments.domain.errors import AmountInvalid, PayoutsUnavailable
from payments.domain.payout import FAILED, PAID, REQUESTED, Payout


@dataclass(frozen=True, slots=True)
class CreatePayout:
    """Pay a seller an amount (minor units, currency), all in its own currency without one."""

    payout_id: UUID
    """Derived from the idempotency key: the same command again means the same payout."""
    seller: str
    """Seller id or slug."""
    amount: tuple[int, str] | None


class PayoutSender:
    """Has requested payouts paid; safe to repeat, for the channel knows them by their ids."""

    def __init__(self, payouts: Payouts, channel: PayoutChannel, clock: Clock) -> None:
        self._payouts = payouts
        self._channel = channel
        self._clock = clock

    async def send(self, payout: Payout) -> Payout:
        """Return the payout as far as it got; without an answer it stays requested."""
        if payout.status != REQUESTED:
            return payout
        answer = await ask(self._channel.send(payout))
        if answer is None or answer[0] not in (PAID, FAILED):
            return payout
        return await self._payouts.end(payout.id, *answer, self._clock.now())


class CreatePayoutHandler:
    """Takes the amount out of what is available under the account's lock, then pays it."""

    def __init__(
        self, payouts: Payouts, sender: PayoutSender | None, access: SellerAccess, clock: Clock
    ) -> None:
        self._payouts = payouts
        self._sender = sender
        self._access = access
        self._clock = clock

    async def handle(self, command: CreatePayout, actor: Actor) -> Payout:
        """Return the payout as far as it got.

        Raises forbidden (``step_up_required``), what SellerAccess.require raises, AmountInvalid,
        PayoutsUnavailable, and PayoutExceedsAvailable.
        """
        actor.require_step_up()
        seller = await self._access.require(actor, command.seller, staff=False)
        amount_minor, currency = command.amount or (None, seller.currency)
        if amount_minor is not None and amount_minor < 1:
            raise AmountInvalid("a payout is more than nothing")
        if self._sender is None:
            raise PayoutsUnavailable("nobody is set up who could pay sellers")
        payout = await self._payouts.request(
            command.payout_id, seller.id, amount_minor, currency, self._clock.now()
        )
        return await self._sender.send(payout)
