"""BookkeepingService over gRPC."""

from __future__ import annotations

from datetime import UTC

import grpc

from chassis.clock import Clock
from chassis.context import current_actor
from chassis.errors import invalid, not_found, unavailable
from chassis.ids import format_id, new_id, parse_id
from chassis.iso import is_currency
from payments.app.ports import CommissionRules
from payments.app.provider import ProviderAway
from payments.app.reconcile import Reconcile, ReconcileHandler
from payments.app.record_dispute import STATUSES, RecordDispute, RecordDisputeHandler
from payments.app.record_settlement import RecordSettlementHandler
from payments.domain.commission import CommissionRule
from payments.domain.errors import CurrencyMismatch
from payments.domain.settlement import Settlement
from payments.domain.splits import MAX_AMOUNT_MINOR
from payments.entrypoints.messages import difference_message, dispute_message, rule_message
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import bookkeeping_pb2 as pb
from soko.payments.v1 import bookkeeping_pb2_grpc

_MAX_REFERENCE = 200
_MAX_REASON = 500
Context = grpc.aio.ServicerContext[object, object]


class BookkeepingServicer(bookkeeping_pb2_grpc.BookkeepingServiceServicer):
    """What operators and admins do about the books."""

    def __init__(
        self,
        dispute: RecordDisputeHandler,
        settlement: RecordSettlementHandler,
        rules: CommissionRules,
        reconcile: ReconcileHandler,
        clock: Clock,
    ) -> None:
        self._dispute = dispute
        self._settlement = settlement
        self._rules = rules
        self._reconcile = reconcile
        self._clock = clock

    async def RecordDispute(  # noqa: N802 - the contract's name
        self, request: pb.RecordDisputeRequest, context: Context
    ) -> pb.RecordDisputeResponse:
        """Note what became of a dispute."""
        current_actor().require_staff()
        if request.status not in STATUSES:
            raise invalid("status_invalid", f"A dispute is one of {', '.join(STATUSES)}.")
        if not 0 <= request.fee_minor <= MAX_AMOUNT_MINOR or len(request.reason) > _MAX_REASON:
            raise invalid("amount_invalid", "The fee is out of bounds, or the reason is long.")
        amount = _amount(request.amount) if request.HasField("amount") else None
        dispute, payment = await self._dispute.handle(
            RecordDispute(
                order_id=parse_id("ord", request.order_id),
                reference=_reference(request.reference),
                status=request.status,
                amount=amount,
                fee_minor=request.fee_minor,
                reason=request.reason,
            )
        )
        return pb.RecordDisputeResponse(dispute=dispute_message(dispute, payment))

    async def RecordSettlement(  # noqa: N802
        self, request: pb.RecordSettlementRequest, context: Context
    ) -> pb.RecordSettlementResponse:
        """Note what a provider paid out."""
        current_actor().require_staff()
        owed_minor, owed_currency = _amount(request.settled)
        received = (owed_minor, owed_currency)
        if request.HasField("received"):
            received = _amount(request.received)
        fee_minor = 0
        if request.HasField("fee"):
            fee_minor, fee_currency = _amount(request.fee)
            if fee_currency != owed_currency:
                raise CurrencyMismatch("the fee is in the currency of what was settled")
        settlement = await self._settlement.handle(
            Settlement(
                # Derived, so that the same settlement again equals the one that stands.
                Settlement.id_of(_reference(request.provider), _reference(request.reference)),
                request.provider,
                request.reference,
                owed_minor,
                owed_currency,
                fee_minor,
                *received,
            )
        )
        return pb.RecordSettlementResponse(id=format_id("led", settlement.id))

    async def ListCommissionRules(  # noqa: N802
        self, request: pb.ListCommissionRulesRequest, context: Context
    ) -> pb.ListCommissionRulesResponse:
        """List the rules."""
        current_actor().require_staff()
        rules = await self._rules.all()
        return pb.ListCommissionRulesResponse(rules=[rule_message(each) for each in rules])

    async def PutCommissionRule(  # noqa: N802
        self, request: pb.PutCommissionRuleRequest, context: Context
    ) -> pb.PutCommissionRuleResponse:
        """Set a rule."""
        current_actor().require_staff()
        asked = request.rule
        if asked.seller_id:
            parse_id("sel", asked.seller_id)
        if asked.category_id:
            parse_id("cat", asked.category_id)
        rule = CommissionRule(
            new_id(), asked.seller_id, asked.category_id, asked.rate_bps, asked.tax_bps
        )
        rule.check()
        stored = await self._rules.put(rule, self._clock.now())
        return pb.PutCommissionRuleResponse(rule=rule_message(stored))

    async def RemoveCommissionRule(  # noqa: N802
        self, request: pb.RemoveCommissionRuleRequest, context: Context
    ) -> pb.RemoveCommissionRuleResponse:
        """Remove a rule."""
        current_actor().require_staff()
        if not await self._rules.remove(parse_id("cmr", request.id)):
            raise not_found()
        return pb.RemoveCommissionRuleResponse()

    async def Reconcile(  # noqa: N802
        self, request: pb.ReconcileRequest, context: Context
    ) -> pb.ReconcileResponse:
        """Compare a period with the provider's report; also for ``./soko reconcile``."""
        actor = current_actor()
        if actor.kind != "service":
            actor.require_staff()
        since, until = request.since.ToDatetime(UTC), request.until.ToDatetime(UTC)
        try:
            found = await self._reconcile.handle(Reconcile(request.provider, since, until))
        except ProviderAway as error:
            raise unavailable(request.provider) from error
        response = pb.ReconcileResponse(
            theirs=found.theirs,
            ours=found.ours,
            differences=[difference_message(each) for each in found.differences],
            complete=found.complete,
        )
        response.since.FromDatetime(found.since)
        response.until.FromDatetime(found.until)
        return response


def _amount(money: Money) -> tuple[int, str]:
    if not 0 < money.amount_minor <= MAX_AMOUNT_MINOR or not is_currency(money.currency):
        raise invalid("amount_invalid", "An amount is out of bounds, or its currency unknown.")
    return money.amount_minor, money.currency


def _reference(text: str) -> str:
    if not 0 < len(text) <= _MAX_REFERENCE:
        raise invalid("reference_invalid", f"A name has 1 to {_MAX_REFERENCE} characters.")
    return text
