"""What pydantic found wrong with a request, in the words of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.errors import ServiceError, Violation, malformed, not_found

_MAX_VIOLATIONS = 20
_MAX_DETAIL = 300


def pointer_to(location: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) to a member of the body or to a parameter."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def refuse(errors: Sequence[Mapping[str, Any]]) -> ServiceError:
    """Return the error for what pydantic reports.

    A bad path parameter names nothing that exists (404), a bad cursor is 400 ``invalid_cursor``,
    a bad header 400 ``invalid_header``, an unknown member 422 ``unknown_field``, a bad query
    parameter 422 ``invalid_parameter`` and anything else 422 ``validation_failed``.
    """
    places = {str(error["loc"][0]) for error in errors if error["loc"]}
    if "path" in places:
        return not_found()
    if any(error["type"] == "missing" and tuple(error["loc"]) == ("body",) for error in errors):
        return malformed("malformed_json", "The body is empty.")
    if any(tuple(error["loc"]) == ("query", "cursor") for error in errors):
        return malformed("invalid_cursor", "The cursor is not one that this list gave out.")
    if "header" in places:
        return malformed("invalid_header", f"The header {errors[0]['loc'][-1]} is not valid.")
    violations = [_violation(error) for error in errors[:_MAX_VIOLATIONS]]
    if any(error["type"] == "extra_forbidden" for error in errors):
        return ServiceError(
            "invalid",
            "unknown_field",
            "The body has a field that is not known.",
            violations=violations,
        )
    if places == {"query"}:
        return ServiceError(
            "invalid",
            "invalid_parameter",
            "A query parameter is not valid.",
            violations=violations,
        )
    return ServiceError(
        "invalid", "validation_failed", "The body is not valid.", violations=violations
    )


def _violation(error: Mapping[str, Any]) -> Violation:
    location = [part for part in error["loc"][1:] if not _is_union_tag(part)]
    if error["type"] == "extra_forbidden":
        detail = "This field is not known."
    else:
        detail = str(error["msg"]).removeprefix("Value error, ")[:_MAX_DETAIL]
    return Violation(_harmless(pointer_to(location)), detail)


def _is_union_tag(part: str | int) -> bool:
    """Pydantic puts a union member's type name into the location; the client sent no such key."""
    return isinstance(part, str) and part.startswith(("function-", "constrained-", "lax-or-strict"))


def _harmless(text: str) -> str:
    return text[:_MAX_DETAIL].encode("utf-8", "replace").decode()
