"""What can be wrong with a request, as facts; ``kind`` and ``code`` are what callers are told."""

# ruff: noqa: N818 - errors are named for the fact that they state.

from __future__ import annotations

from collections.abc import Mapping


class PaymentError(Exception):
    """A business error; subclasses fix the kind and the stable code."""

    kind = "invalid"
    code = "invalid"

    def __init__(self, detail: str, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.extra: Mapping[str, object] = dict(extra or {})


class IllegalTransition(PaymentError):
    """A payment cannot go from the one status to the other."""

    kind = "internal"
    code = "illegal_transition"

    def __init__(self, current: str, wanted: str) -> None:
        super().__init__(f"a payment cannot go from {current} to {wanted}")


class OrderClosed(PaymentError):
    """The order's payment was cancelled; nothing may be taken for it any more."""

    kind = "conflict"
    code = "order_closed"


class PaymentDiffers(PaymentError):
    """The order has a payment already, for another amount."""

    kind = "conflict"
    code = "payment_differs"


class PaymentDecided(PaymentError):
    """The awaiting payment was decided the other way before."""

    kind = "conflict"
    code = "payment_decided"


class RefundExceedsCaptured(PaymentError):
    """More was asked back than is left of what was captured."""

    kind = "conflict"
    code = "refund_exceeds_captured"


class SplitsDoNotAddUp(PaymentError):
    """The shares of the lines are not the amount, or one of them is impossible."""

    code = "splits_do_not_add_up"


class MethodUnavailable(PaymentError):
    """No provider that is switched on takes this method."""

    code = "method_unavailable"


class PaymentTokenInvalid(PaymentError):
    """The provider does not know the token."""

    code = "payment_token_invalid"


class PartialRefundUnavailable(PaymentError):
    """The provider pays back the whole of a payment or nothing."""

    kind = "conflict"
    code = "partial_refund_unavailable"


class SignatureInvalid(PaymentError):
    """A webhook does not come from the provider in whose name it speaks."""

    kind = "unauthenticated"
    code = "signature_invalid"


class SignatureExpired(PaymentError):
    """A webhook is too old to be taken: somebody may have kept it."""

    kind = "unauthenticated"
    code = "signature_expired"


class WebhookMalformed(PaymentError):
    """A webhook is not of the form that its provider documents."""

    kind = "malformed"
    code = "malformed_webhook"


class AmountInvalid(PaymentError):
    """An amount is not positive, too large or not in the payment's currency."""

    code = "amount_invalid"


class CurrencyMismatch(PaymentError):
    """An amount is in another currency than the payment."""

    code = "currency_mismatch"


class RefundItemUnknown(PaymentError):
    """A line is not part of the caller's share of the payment, or its quantity is impossible."""

    code = "refund_item_invalid"


class CommissionRuleInvalid(PaymentError):
    """The rates of a rule are impossible."""

    code = "commission_rule_invalid"


class DisputeDecided(PaymentError):
    """The dispute was decided the other way before, or is about another amount."""

    kind = "conflict"
    code = "dispute_decided"


class DisputeExceedsCaptured(PaymentError):
    """More is disputed than is left of what was captured."""

    kind = "conflict"
    code = "dispute_exceeds_captured"


class PayoutExceedsAvailable(PaymentError):
    """More was asked for than the seller may have."""

    kind = "conflict"
    code = "payout_exceeds_available"


class PayoutsUnavailable(PaymentError):
    """Nobody is set up who could pay sellers."""

    kind = "conflict"
    code = "payouts_unavailable"


class SettlementDiffers(PaymentError):
    """A settlement of that reference was posted before, with other amounts."""

    kind = "conflict"
    code = "settlement_differs"


class PeriodInvalid(PaymentError):
    """A period is empty, too long or not over."""

    code = "period_invalid"


class LedgerUnbalanced(PaymentError):
    """The entries of a ledger transaction do not sum to zero: a bug, never a user's mistake."""

    kind = "internal"
    code = "ledger_unbalanced"
