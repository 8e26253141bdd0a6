"""How a refund divides among lines: never more than is left; the last one takes the remainder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from payments.domain.allocation import allocate, share_of_units
from payments.domain.deliveries import Commission
from payments.domain.errors import AmountInvalid, RefundExceedsCaptured, RefundItemUnknown
from payments.domain.ledger import LineParts
from payments.domain.splits import Split

PENDING: Final = "pending"
SUCCEEDED: Final = "succeeded"
REFUND_FAILED: Final = "failed"
_ENDED: Final = frozenset({SUCCEEDED, REFUND_FAILED})


@dataclass(slots=True)
class Refund:
    """Money on its way back to the buyer, or there, or refused; amounts in minor units."""

    id: UUID
    amount_minor: int
    reason: str
    lines: tuple[LineParts, ...]
    """What each line gives; empty for money that was never divided (a late success)."""
    created_at: datetime
    status: str = PENDING
    is_cancellation: bool = False
    """Whether it gives back what a cancelled order may not keep."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change it any more."""
        return self.status in _ENDED

    @property
    def stands(self) -> bool:
        """Whether its amount is the buyer's, or may be soon."""
        return self.status != REFUND_FAILED


class Claim(Protocol):
    """What takes of the lines: a refund or a dispute."""

    @property
    def lines(self) -> tuple[LineParts, ...]:
        """What it takes of each line."""
        ...

    @property
    def stands(self) -> bool:
        """Whether it counts."""
        ...


def what_is_left(
    splits: Sequence[Split],
    claims: Sequence[Claim],
    released: Mapping[str, Commission] | None = None,
    concerns: Callable[[Split], bool] = lambda _: True,
) -> list[LineParts]:
    """Return what is left to give back of each line that is concerned, by line id.

    ``released`` says what was kept of lines that were released to their sellers.
    """
    taken: dict[str, list[LineParts]] = {}
    for claim in claims:
        if claim.stands:
            for line in claim.lines:
                taken.setdefault(line.line_id, []).append(line)
    return [
        _minus(split, taken.get(split.line_id, []), (released or {}).get(split.line_id))
        for split in sorted(splits, key=lambda each: each.line_id)
        if concerns(split)
    ]


def all_that_is_left(left: Sequence[LineParts]) -> tuple[LineParts, ...]:
    """Return the refund of everything; raise RefundExceedsCaptured when nothing is left."""
    lines = tuple(line for line in left if line.amount_minor > 0 or line.promo_minor > 0)
    if sum(line.amount_minor for line in lines) <= 0:
        raise _exceeds(0)
    return lines


def by_amount(left: Sequence[LineParts], amount_minor: int) -> tuple[LineParts, ...]:
    """Return the refund of an amount, in proportion to what is left of each line.

    No units count as refunded, unless the amount is all that is left. Raises AmountInvalid or
    RefundExceedsCaptured.
    """
    if amount_minor <= 0:
        raise AmountInvalid("a refund is more than nothing")
    refundable = sum(line.amount_minor for line in left)
    if amount_minor > refundable:
        raise _exceeds(refundable)
    if amount_minor == refundable:
        return all_that_is_left(left)
    parts = allocate(amount_minor, [line.amount_minor for line in left])
    return tuple(take(line, part, 0) for line, part in zip(left, parts, strict=True) if part)


def by_items(
    left: Sequence[LineParts],
    splits: Sequence[Split],
    items: Mapping[str, int],
    *,
    at_most_left: bool = False,
) -> tuple[LineParts, ...]:
    """Return the refund of units of lines; the last unit takes what is left of its line.

    A line may be short of the units' price by what rounding took in refunds of amounts, a minor
    unit per unit: then what is left is refunded, and with ``at_most_left`` however short it is.
    Raises RefundItemUnknown for a line that is not there or an impossible quantity, and
    RefundExceedsCaptured for more than is left.
    """
    whole = {split.line_id: split for split in splits}
    lines_left = {line.line_id: line for line in left}
    lines = []
    for line_id, units in sorted(items.items()):
        line = lines_left.get(line_id)
        if line is None or units < 1:
            raise RefundItemUnknown(f"{line_id} is not a line of yours, or no units were given")
        if units > line.quantity:
            if not at_most_left:
                raise _exceeds(line.amount_minor)
            units = line.quantity
        split = whole[line_id]
        done = split.quantity - line.quantity
        price = line.amount_minor
        if units < line.quantity:
            price = share_of_units(split.amount_minor, done + units, split.quantity)
            price -= share_of_units(split.amount_minor, done, split.quantity)
        if price > line.amount_minor + split.quantity and not at_most_left:
            raise _exceeds(line.amount_minor)
        lines.append(take(line, min(price, line.amount_minor), units))
    if sum(line.amount_minor for line in lines) <= 0:
        raise _exceeds(0)
    return tuple(lines)


def take(left: LineParts, amount_minor: int, units: int) -> LineParts:
    """Return ``amount_minor`` of what is left of a line, in proportion to its parts."""
    whole = left.amount_minor
    if amount_minor == whole:
        promo = left.promo_minor
    else:
        promo = share_of_units(left.promo_minor, amount_minor, whole)
    seller, tax, duty = allocate(
        amount_minor + promo, (left.seller_minor, left.tax_minor, left.duty_minor)
    )
    _, fee, fee_tax = allocate(
        seller, (left.net_minor, left.commission_minor, left.commission_tax_minor)
    )
    return LineParts(
        left.line_id,
        left.seller_id,
        units,
        seller,
        tax,
        duty,
        promo,
        left.released,
        fee,
        fee_tax,
    )


def _minus(split: Split, taken: Sequence[LineParts], kept: Commission | None) -> LineParts:
    fee, fee_tax = (kept.commission_minor, kept.commission_tax_minor) if kept else (0, 0)
    return LineParts(
        line_id=split.line_id,
        seller_id=split.seller_id,
        quantity=split.quantity - sum(line.quantity for line in taken),
        seller_minor=split.seller_minor - sum(line.seller_minor for line in taken),
        tax_minor=split.tax_minor - sum(line.tax_minor for line in taken),
        duty_minor=split.duty_minor - sum(line.duty_minor for line in taken),
        promo_minor=split.promo_minor - sum(line.promo_minor for line in taken),
        released=kept is not None,
        commission_minor=fee - sum(line.commission_minor for line in taken),
        commission_tax_minor=fee_tax - sum(line.commission_tax_minor for line in taken),
    )


def _exceeds(refundable_minor: int) -> RefundExceedsCaptured:
    return RefundExceedsCaptured(
        f"only {refundable_minor} is left to refund", {"refundable_minor": refundable_minor}
    )
