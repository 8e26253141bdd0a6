"""Bodies of the payment calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gateway.bodies.fields import Body, IdOf, Line, MoneyBody, Quantity, example


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
    reason: Annotated[str, Line(500, 1)]

    @model_validator(mode="after")
    def _one_of_both(self) -> RefundBody:
        if self.amount is not None and self.items is not None:
            raise ValueError("Give an amount or items, not both.")
        if self.amount is not None and self.amount.amount_minor == 0:
            raise ValueError("Give an amount above zero.")
        return self
