"""Values that every context shares, and errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """A member may be added at any time: clients ignore what they do not know."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)


class Money(Document):
    """An amount in the minor unit of its currency."""

    amount_minor: int = Field(examples=[129900])
    currency: str = Field(description="ISO 4217", examples=["KES"])


class Address(Document):
    """A postal address."""

    name: str = Field(examples=["Sample Buyer"])
    line1: str = Field(examples=["14 Biashara Street"])
    line2: str | None = None
    city: str = Field(examples=["Nairobi"])
    region: str | None = None
    postal_code: str | None = Field(default=None, examples=["00100"])
    country: str = Field(examples=["KE"])
    phone: str | None = None


class FieldProblem(Document):
    """One thing that is wrong with a request."""

    detail: str
    pointer: str = Field(description="JSON pointer (RFC 6901)", examples=["/items/0/quantity"])


class Problem(Document):
    """An error (RFC 9457); some have further members, such as `service`, `lines` or `order_id`."""

    type: str = Field(examples=["urn:soko:problem:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str
    instance: str = Field(examples=["/v1/orders/ord_01h455vb4pex5vsknk084sn02q"])
    code: str = Field(description="Stable, snake_case", examples=["not_found"])
    trace_id: str = Field(description="32 hex digits, as in the logs")
    errors: list[FieldProblem] | None = None
