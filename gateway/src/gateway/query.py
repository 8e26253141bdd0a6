"""Query parameters as one model: read at once, and described in the OpenAPI document.

FastAPI looks at each parameter by itself, which costs a search more than rendering its answer.
"""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.types import Scope

from chassis.errors import invalid
from gateway.violations import refuse

MAX_PARAMETERS = 64


class Parameters(BaseModel):
    """What may stand in a query; unknown parameters mean nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=Parameters)


def read_query(scope: Scope, model: type[Model]) -> Model:
    """Return a request's query parameters; of one that is repeated, the last counts.

    Raises ServiceError ``invalid_parameter`` or ``invalid_cursor``.
    """
    text = scope["query_string"].decode("latin-1")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        detail = f"A query has at most {MAX_PARAMETERS} parameters."
        raise invalid("invalid_parameter", detail) from None
    try:
        return model.model_validate(dict(pairs))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise refuse([{**each, "loc": ("query", *each["loc"])} for each in found]) from None


def describe_query(model: type[Parameters]) -> list[dict[str, Any]]:
    """Return the OpenAPI parameters of a model."""
    described = []
    for name, schema in model.model_json_schema()["properties"].items():
        shown = {key: value for key, value in schema.items() if key not in ("title", "description")}
        # A parameter is there or not; it cannot be null.
        given = [each for each in shown.pop("anyOf", []) if each.get("type") != "null"]
        if given:
            shown = {**given[0], **{k: v for k, v in shown.items() if v is not None}}
        described.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": schema.get("description", ""),
                "schema": shown,
            }
        )
    return described
