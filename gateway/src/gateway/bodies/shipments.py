"""Bodies of the shipment calls."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from gateway.bodies.fields import Body, IdOf, Line, Quantity, example

_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def _moment(text: str) -> str:
    if not _FIRST_YEAR <= datetime.fromisoformat(text).year <= _LAST_YEAR:
        raise ValueError(f"The year is not between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return text


Moment = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})$"
    ),
    AfterValidator(_moment),
    Field(description="RFC 3339", examples=["2026-11-20T09:30:00Z"]),
]
Status = Annotated[
    Literal["created", "in_transit", "out_for_delivery", "delivered", "failed", "returned"],
    Field(description="What happened to the parcel", examples=["in_transit"]),
]
Carrier = Annotated[str, Line(100, 1), Field(description="Name of the carrier")]
_Place = Annotated[str, Line(200), Field(description="Where it happened", examples=["Mombasa"])]


class ShipmentItemBody(Body):
    """Units of a line in the parcel."""

    item_id: Annotated[str, IdOf("item", "the line")]
    quantity: Quantity


class ShipmentBody(Body):
    """A parcel to ship."""

    model_config = example(
        carrier="posta",
        tracking_number="KE123456789",
        items=[{"item_id": "item_01h455vb4pex5vsknk084sn02q", "quantity": 1}],
    )

    seller_order_id: Annotated[str, IdOf("sor", "the seller's part of the order")] | None = Field(
        default=None, description="Needed by those who ship for several sellers in the order"
    )
    carrier: Carrier
    tracking_number: Annotated[str, Line(100)] | None = None
    items: Annotated[list[ShipmentItemBody], Field(min_length=1, max_length=500)]


class CancelledItemsBody(Body):
    """What a seller cannot deliver."""

    model_config = example(
        items=[{"item_id": "item_01h455vb4pex5vsknk084sn02q", "quantity": 1}],
        reason="Broken in the warehouse",
    )

    items: Annotated[list[ShipmentItemBody], Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="All that has not shipped, without"
    )
    reason: Annotated[str, Line(500, 1)]
    restock: bool = Field(
        default=False, description="Whether the units go back on sale instead of leaving the stock"
    )


class ShipmentEventBody(Body):
    """Something that happened to a parcel."""

    model_config = example(status="delivered", location="Nairobi")

    status: Status
    occurred_at: Moment | None = Field(default=None, description="Now, without")
    location: _Place | None = None


class CarrierUpdateBody(Body):
    """What a carrier tells of a parcel."""

    model_config = example(
        event_id="8f14e45f",
        tracking_number="KE123456789",
        carrier="posta",
        status="delivered",
        occurred_at="2026-11-20T09:30:00Z",
        location="Nairobi",
    )

    event_id: Annotated[str, Line(200, 1), Field(description="The carrier's id of this update")]
    tracking_number: Annotated[str, Line(100, 1)]
    carrier: Carrier
    status: Status
    occurred_at: Moment
    location: _Place | None = None
