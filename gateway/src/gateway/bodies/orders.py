"""Bodies of the cart, checkout and order calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.bodies.fields import (
    AddressBody,
    Body,
    Country,
    Currency,
    Email,
    IdOf,
    Line,
    MoneyBody,
    Quantity,
    example,
)

MethodType = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"),
    Field(
        description="sandbox, stripe, mpesa, cash_on_delivery, ...: see /v1/payment-methods",
        examples=["sandbox"],
    ),
]


class NewItemBody(Body):
    """Units of a variant."""

    model_config = example(variant_id="var_01h455vb4pex5vsknk084sn02q", quantity=2)

    variant_id: Annotated[str, IdOf("var", "the variant")]
    quantity: Quantity


class QuantityBody(Body):
    """The new quantity of a line."""

    quantity: Quantity


class CartBody(Body):
    """A new cart."""

    model_config = example(
        items=[{"variant_id": "var_01h455vb4pex5vsknk084sn02q", "quantity": 1}],
        email="sample@soko.example",
        shipping_address={
            "name": "Sample Buyer",
            "line1": "14 Biashara Street",
            "city": "Nairobi",
            "country": "KE",
        },
    )

    currency: Currency | None = None
    country: Country | None = None
    items: Annotated[list[NewItemBody], Field(max_length=100)] | None = None
    email: Email | None = None
    shipping_address: AddressBody | None = None


class EmailBody(Body):
    """The address for mail."""

    email: Email


class PaymentMethodBody(Body):
    """How the buyer pays."""

    type: MethodType
    token: Annotated[str, Line(512)] | None = Field(default=None, examples=["tok_success"])
    phone: Annotated[str, Line(40)] | None = None


class CheckoutBody(Body):
    """A cart to place."""

    model_config = example(payment_method={"type": "sandbox", "token": "tok_success"})

    payment_method: PaymentMethodBody
    email: Email | None = None
    shipping_address: AddressBody | None = None
    shipping_option_id: None = Field(default=None, description="There are no options to choose yet")
    expected_total: MoneyBody | None = Field(
        default=None, description="What the buyer expects to pay: another sum is price_changed"
    )


class CancelBody(Body):
    """Why an order is cancelled."""

    model_config = example(reason="Ordered twice")

    reason: Annotated[str, Line(500, 1)]
