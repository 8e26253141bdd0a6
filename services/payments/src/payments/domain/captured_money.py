"""The money of a payment once it was captured: who gets which part of it, and what goes back.

Refunds and disputes take of the lines, deliveries release them to their sellers. Each change leaves
ledger postings and events behind, which are saved with the payment; the ledger in turn says how
much may still go back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from payments.domain import disputes, ledger, postings, refunds, status
from payments.domain.deliveries import Delivery, less_commission, released_lines
from payments.domain.disputes import Dispute
from payments.domain.errors import (
    AmountInvalid,
    CurrencyMismatch,
    DisputeDecided,
    DisputeExceedsCaptured,
    IllegalTransition,
    LedgerUnbalanced,
    OrderClosed,
    RefundExceedsCaptured,
)
from payments.domain.events import (
    Event,
    PaymentCaptured,
    PaymentDisputed,
    RefundFailed,
    RefundSettled,
)
from payments.domain.ledger import LineParts
from payments.domain.refunds import Refund
from payments.domain.splits import Split


@dataclass(slots=True)
class CapturedMoney:
    """What is known of one order's money; amounts in minor units of ``currency``."""

    id: UUID
    order_id: UUID
    provider: str
    amount_minor: int
    currency: str
    splits: tuple[Split, ...]
    created_at: datetime
    status: str = status.NONE
    captured_minor: int = 0
    refunded_minor: int = 0
    refunding_minor: int = 0
    """What pending refunds will give back."""
    disputed_minor: int = 0
    """What open and lost disputes took."""
    booked_minor: int = 0
    """What may still go back to the buyer, as the ledger said when the payment was loaded."""
    late: bool = False
    """Whether the money came when nobody wanted it any more; it is never divided, only returned."""
    closed_at: datetime | None = None
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    postings: list[ledger.Posting] = field(default_factory=list)
    touched: bool = False
    """Whether there is anything to save."""

    @property
    def goes_back(self) -> bool:
        """Whether nobody may keep what was taken: it came too late, or for a cancelled order."""
        return self.closed_at is not None or self.late

    @property
    def refundable_minor(self) -> int:
        """What is captured and neither returned nor on its way back, by the ledger."""
        return self.booked_minor + sum(map(postings.refundable_effect, self.postings))

    @property
    def must_refund_rest(self) -> bool:
        """Whether captured money is left that nobody may keep."""
        return self.goes_back and self.refundable_minor > 0

    @property
    def pending_refunds(self) -> list[Refund]:
        """Refunds that the provider has not decided."""
        return [refund for refund in self.refunds if not refund.ended]

    @property
    def is_cash(self) -> bool:
        """Whether the courier collects the money."""
        return self.provider == postings.CASH and self.amount_minor > 0

    def request_refund(
        self,
        refund_id: UUID,
        reason: str,
        now: datetime,
        *,
        amount: tuple[int, str] | None = None,
        items: Mapping[str, int] | None = None,
        sellers: Collection[str] | None = None,
        seller_order_id: str = "",
        at_most_left: bool = False,
    ) -> Refund:
        """Start a refund of an amount, of units of lines, or of all that is left.

        ``sellers`` limits it to their lines, ``seller_order_id`` to one seller order's; with
        ``at_most_left`` units whose money went back already are no obstacle. Raises
        RefundExceedsCaptured, AmountInvalid, CurrencyMismatch, RefundItemUnknown, or OrderClosed
        when everything goes back anyway.
        """
        if self.goes_back:
            raise OrderClosed("the order was cancelled; all of its money goes back by itself")
        if amount is not None and amount[1] != self.currency:
            raise CurrencyMismatch(f"the payment is in {self.currency}")
        if not self.captured_minor:
            raise RefundExceedsCaptured("nothing was captured", {"refundable_minor": 0})
        left = self.lines_left(sellers, seller_order_id)
        if amount is not None:
            lines = refunds.by_amount(left, amount[0])
        elif items:
            lines = refunds.by_items(left, self.splits, items, at_most_left=at_most_left)
        else:
            lines = refunds.all_that_is_left(left)
        return self._start_refund(Refund(refund_id, _sum(lines), reason, lines, now))

    def refund_rest(self, refund_id: UUID, now: datetime) -> Refund:
        """Start the refund of all that a cancelled order has left."""
        lines: tuple[LineParts, ...] = ()
        amount_minor = self.refundable_minor
        if not self.late:
            lines = refunds.all_that_is_left(self.lines_left())
            amount_minor = _sum(lines)
        refund = Refund(refund_id, amount_minor, "cancelled", lines, now, is_cancellation=True)
        return self._start_refund(refund)

    def settle_refund(self, refund_id: UUID) -> None:
        """Note that the provider paid a refund; a repetition changes nothing."""
        refund = self._refund(refund_id)
        if refund.ended:
            return
        refund.status = refunds.SUCCEEDED
        self.refunding_minor -= refund.amount_minor
        self.refunded_minor += refund.amount_minor
        self._follow_money()
        self.postings.append(
            postings.refund_succeeded(refund.id, self.provider, refund.amount_minor, self.currency)
        )
        self.events.append(RefundSettled(refund.id, refund.amount_minor))

    def fail_refund(self, refund_id: UUID) -> None:
        """Note that the provider refused a refund for good; a repetition changes nothing."""
        refund = self._refund(refund_id)
        if refund.ended:
            return
        refund.status = refunds.REFUND_FAILED
        self.refunding_minor -= refund.amount_minor
        self.postings.append(postings.refund_failed(self._refund_posting(refund)))
        self._release_again(refund.id, refund.lines)
        self.events.append(RefundFailed(refund.id, refund.amount_minor))
        self.touched = True

    def open_dispute(
        self,
        dispute_id: UUID,
        reference: str,
        now: datetime,
        *,
        amount: tuple[int, str] | None = None,
        fee_minor: int = 0,
        reason: str = "",
    ) -> Dispute:
        """Note that the provider took an amount back, all that is left without one.

        A dispute of that ``reference`` is noted once. Raises DisputeExceedsCaptured,
        AmountInvalid, CurrencyMismatch, and DisputeDecided for the reference with another amount.
        """
        if amount is not None and amount[1] != self.currency:
            raise CurrencyMismatch(f"the payment is in {self.currency}")
        known = self.find_dispute(reference)
        amount_minor = self.refundable_minor if amount is None else amount[0]
        if known is not None:
            if amount is not None and amount_minor != known.amount_minor:
                raise DisputeDecided("the dispute is about another amount")
            return known
        if fee_minor < 0 or amount_minor < 0 or (amount is not None and not amount_minor):
            raise AmountInvalid("a dispute is about more than nothing")
        if not 0 < amount_minor <= self.refundable_minor:
            extra = {"refundable_minor": self.refundable_minor}
            raise DisputeExceedsCaptured(f"only {self.refundable_minor} is left", extra)
        self._check_books()
        lines = () if self.late else refunds.by_amount(self.lines_left(), amount_minor)
        dispute = Dispute(dispute_id, reference, amount_minor, fee_minor, reason, lines, now)
        self.disputes.append(dispute)
        self.disputed_minor += amount_minor
        self._follow_money()
        self.postings.append(
            postings.dispute_opened(
                dispute.id, self.provider, amount_minor, fee_minor, self.currency
            )
        )
        self.postings.append(self._hold_posting(dispute))
        self._tell_dispute(dispute)
        return dispute

    def decide_dispute(self, dispute: Dispute, *, won: bool) -> None:
        """Note how a dispute ended: won means that the money is ours again.

        A repetition changes nothing; the opposite raises DisputeDecided.
        """
        wanted = disputes.WON if won else disputes.LOST
        if dispute.status != disputes.OPENED:
            if dispute.status != wanted:
                raise DisputeDecided(f"the dispute was {dispute.status}")
            return
        dispute.status = wanted
        hold = self._hold_posting(dispute)
        if won:
            self.disputed_minor -= dispute.amount_minor
            self.postings += (
                postings.dispute_won(
                    dispute.id, self.provider, dispute.amount_minor, self.currency
                ),
                postings.dispute_released(hold),
            )
            self._release_again(dispute.id, dispute.lines)
        else:
            self.postings.append(
                postings.dispute_lost(dispute.id, self.provider, hold, self.currency)
            )
        self._follow_money()
        self._tell_dispute(dispute)

    def find_dispute(self, reference: str) -> Dispute | None:
        """Return the dispute of a provider's reference."""
        return next((each for each in self.disputes if each.reference == reference), None)

    def account_for_deliveries(self, now: datetime) -> None:
        """Post the cash of delivered seller orders, and release those whose time has come."""
        for delivery in self.deliveries:
            if self.is_cash and not delivery.collected:
                self._collect(delivery)
            if delivery.released_at is None and delivery.release_at <= now and self._may_release:
                self._release(delivery, now)

    def deliveries_due_at(self, now: datetime) -> datetime | None:
        """Return when deliveries have to be looked at, None while nothing can be done for them."""
        if self.is_cash and not all(delivery.collected for delivery in self.deliveries):
            return now
        open_ones = [each.release_at for each in self.deliveries if each.released_at is None]
        return min(open_ones, default=None) if self._may_release else None

    def lines_left(
        self, sellers: Collection[str] | None = None, seller_order_id: str = ""
    ) -> list[LineParts]:
        """Return what is left of each line, of these sellers or one seller order only."""
        collected = {each.seller_order_id for each in self.deliveries if each.collected}

        def concerns(split: Split) -> bool:
            return (
                (sellers is None or split.seller_id in sellers)
                and seller_order_id in ("", split.seller_order_id)
                and (not self.is_cash or split.seller_order_id in collected)
            )

        released = released_lines(self.deliveries, self.splits)
        return refunds.what_is_left(
            self.splits, [*self.refunds, *self.disputes], released, concerns
        )

    @property
    def _may_release(self) -> bool:
        return self.captured_minor > 0 and not self.late

    def _collect(self, delivery: Delivery) -> None:
        lines = [each for each in self.splits if each.seller_order_id == delivery.seller_order_id]
        delivery.collected = True
        self.touched = True
        amount_minor = sum(line.amount_minor for line in lines)
        if not amount_minor:
            return
        self.captured_minor += amount_minor
        self._follow_money()
        self.postings += postings.cash_collected(
            self.id, delivery.seller_order_id, lines, self.currency
        )
        self.events.append(PaymentCaptured())

    def _release(self, delivery: Delivery, now: datetime) -> None:
        left = self.lines_left(seller_order_id=delivery.seller_order_id)
        self._post_release(uuid5(self.id, delivery.seller_order_id), delivery, left, now)

    def _release_again(self, reference: UUID, lines: Sequence[LineParts]) -> None:
        """Release what came back to sellers' pending money after their orders were released."""
        of_line = {split.line_id: split.seller_order_id for split in self.splits}
        for delivery in self.deliveries:
            if delivery.released_at is None:
                continue
            back = [
                line
                for line in lines
                if of_line[line.line_id] == delivery.seller_order_id and not line.released
            ]
            if back:
                own = uuid5(reference, delivery.seller_order_id)
                self._post_release(own, delivery, back, delivery.released_at)

    def _post_release(
        self, reference: UUID, delivery: Delivery, lines: Sequence[LineParts], now: datetime
    ) -> None:
        of_line = {split.line_id: split for split in self.splits}
        parts = [less_commission(line, of_line[line.line_id]) for line in lines]
        delivery.release(parts, now)
        posted = postings.commission(reference, parts, self.currency)
        if posted.entries:
            self.postings.append(posted)
        self.touched = True

    def _start_refund(self, refund: Refund) -> Refund:
        self._check_books()
        if not 0 < refund.amount_minor <= self.refundable_minor:
            raise IllegalTransition(f"{self.refundable_minor} left", f"{refund.amount_minor} back")
        self.refunds.append(refund)
        self.refunding_minor += refund.amount_minor
        self.postings.append(self._refund_posting(refund))
        self.touched = True
        return refund

    def _check_books(self) -> None:
        """Raise LedgerUnbalanced when the ledger and the payment disagree: then nothing moves."""
        known = self.captured_minor - self.refunded_minor
        known -= self.refunding_minor + self.disputed_minor
        if known != self.refundable_minor:
            raise LedgerUnbalanced(
                f"payment {self.id} has {known} left, the ledger {self.refundable_minor}"
            )

    def _refund_posting(self, refund: Refund) -> ledger.Posting:
        if refund.lines:
            return postings.refund_requested(refund.id, self.provider, refund.lines, self.currency)
        return postings.late_success(refund.id, self.provider, refund.amount_minor, self.currency)

    def _hold_posting(self, dispute: Dispute) -> ledger.Posting:
        if dispute.lines:
            return postings.dispute_hold(dispute.id, dispute.lines, self.currency)
        return postings.late_dispute_hold(dispute.id, dispute.amount_minor, self.currency)

    def _tell_dispute(self, dispute: Dispute) -> None:
        self.events.append(PaymentDisputed(dispute.id, dispute.amount_minor, dispute.status))

    def _follow_money(self) -> None:
        """Bring the status in line with where the captured money is."""
        complete = self.captured_minor == self.amount_minor or not self.is_cash
        if self.disputed_minor:
            wanted = status.CHARGED_BACK
        elif self.refunded_minor == self.captured_minor and complete:
            wanted = status.REFUNDED
        else:
            wanted = status.PARTIALLY_REFUNDED if self.refunded_minor else status.CAPTURED
        if wanted != self.status:
            self._move(wanted)
        self.touched = True

    def _move(self, wanted: str) -> None:
        self.status = status.move(self.status, wanted)
        self.touched = True

    def _refund(self, refund_id: UUID) -> Refund:
        return next(refund for refund in self.refunds if refund.id == refund_id)


def _sum(lines: Collection[LineParts]) -> int:
    return sum(line.amount_minor for line in lines)
