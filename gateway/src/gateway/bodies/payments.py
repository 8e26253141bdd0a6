"""Bodies of the payment calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.bodies.fields import Amount, Body, IdOf, Line, MoneyBody, Quantity, example


class RefundItemBody(Body):
    """Units of a line to refund."""

    item_id: Annotated[str, IdOf("item", "the line")]
    quantity: Quantity


class RefundBody(Body):
    """A refund by amount, by items, or of all that is left."""

    model_config = example(
        items=[{"item_id": "item_01h455vb4pex5vsknk084sn02q", "quantity": 1}],
        reason="Arrived broken",
    )

    amount: MoneyBody | None = None
    items: Annotated[list[RefundItemBody], Field(min_length=1, max_length=200)] | None = None
    seller_order_id: Annotated[str, IdOf("sor", "the seller order to take it of")] | None = None
    reason: Annotated[str, Line(500, 1)]

    @model_validator(mode="after")
    def _one_of_both(self) -> RefundBody:
        if self.amount is not None and self.items is not None:
            raise ValueError("Give an amount or items, not both.")
        if self.amount is not None and self.amount.amount_minor == 0:
            raise ValueError("Give an amount above zero.")
        return self


class PayoutBody(Body):
    """A payout of an amount, or of all that is available in the seller's own currency."""

    model_config = example(amount={"amount_minor": 100000, "currency": "KES"})

    amount: MoneyBody | None = None

    @model_validator(mode="after")
    def _more_than_nothing(self) -> PayoutBody:
        if self.amount is not None and self.amount.amount_minor == 0:
            raise ValueError("Give an amount above zero.")
        return self


class DisputeBody(Body):
    """What became of a dispute."""

    model_config = example(reference="dp_1", status="opened", reason="Not received")

    reference: Annotated[str, Line(200, 1), Field(description="The provider's id of the dispute")]
    status: Literal["opened", "won", "lost"]
    amount: MoneyBody | None = Field(default=None, description="All that is left without one")
    fee_minor: Amount = 0
    reason: Annotated[str, Line(500)] | None = None


class SettlementBody(Body):
    """A payment of a provider to us."""

    model_config = example(
        provider="sandbox",
        reference="po_1",
        settled={"amount_minor": 970000, "currency": "KES"},
        fee={"amount_minor": 30000, "currency": "KES"},
    )

    provider: Annotated[str, Line(40, 1), Field(description="cash_on_delivery for couriers")]
    reference: Annotated[str, Line(200, 1), Field(description="The provider's id of it")]
    settled: MoneyBody = Field(description="By how much its debt went down, without the fee")
    fee: MoneyBody | None = Field(default=None, description="What it kept, in the same currency")
    received: MoneyBody | None = Field(
        default=None, description="What arrived, if it is in another currency"
    )


Rate = Annotated[int, Field(ge=0, le=10_000, description="Basis points")]


class CommissionRuleBody(Body):
    """A commission; without seller or category it is for any."""

    model_config = example(category_id="cat_01h455vb4pex5vsknk084sn02q", rate_bps=850)

    seller_id: Annotated[str, IdOf("sel", "the seller")] | None = None
    category_id: Annotated[str, IdOf("cat", "the category")] | None = None
    rate_bps: Rate
    tax_bps: Rate = 0
