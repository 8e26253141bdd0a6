"""Errors as facts: one kind each, and the one table from kinds to gRPC status and HTTP status.

On the wire an error is a ``google.rpc.Status`` with an ``ErrorInfo`` (reason = our stable code,
metadata = kind and extra members) and, for violations, a ``BadRequest`` whose fields are JSON
pointers (https://google.aip.dev/193).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import grpc
import orjson
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from chassis.idempotency_key import REPLAYED

_DOMAIN = "soko"
_DEADLINE_EXCEEDED = "deadline_exceeded"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of error shows over gRPC and over HTTP."""

    grpc: grpc.StatusCode
    http: int
    title: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(grpc.StatusCode.INVALID_ARGUMENT, 400, "Malformed request"),
    "unauthenticated": Kind(grpc.StatusCode.UNAUTHENTICATED, 401, "Not authenticated"),
    "payment_required": Kind(grpc.StatusCode.FAILED_PRECONDITION, 402, "Payment refused"),
    "forbidden": Kind(grpc.StatusCode.PERMISSION_DENIED, 403, "Not allowed"),
    "not_found": Kind(grpc.StatusCode.NOT_FOUND, 404, "Not found"),
    "too_slow": Kind(grpc.StatusCode.DEADLINE_EXCEEDED, 408, "Request timeout"),
    "conflict": Kind(grpc.StatusCode.ABORTED, 409, "Conflict"),
    "stale": Kind(grpc.StatusCode.FAILED_PRECONDITION, 412, "Precondition failed"),
    "too_large": Kind(grpc.StatusCode.INVALID_ARGUMENT, 413, "Too large"),
    "target_too_long": Kind(grpc.StatusCode.INVALID_ARGUMENT, 414, "Target too long"),
    "unsupported_media": Kind(grpc.StatusCode.INVALID_ARGUMENT, 415, "Unsupported media type"),
    "invalid": Kind(grpc.StatusCode.INVALID_ARGUMENT, 422, "Invalid request"),
    "precondition_required": Kind(
        grpc.StatusCode.FAILED_PRECONDITION, 428, "Precondition required"
    ),
    "too_many": Kind(grpc.StatusCode.RESOURCE_EXHAUSTED, 429, "Too many requests"),
    "head_too_large": Kind(grpc.StatusCode.INVALID_ARGUMENT, 431, "Headers too large"),
    "internal": Kind(grpc.StatusCode.INTERNAL, 500, "Internal error"),
    "unavailable": Kind(grpc.StatusCode.UNAVAILABLE, 503, "Service unavailable"),
    "timeout": Kind(grpc.StatusCode.DEADLINE_EXCEEDED, 504, "Timed out"),
}

_KIND_OF_STATUS: Mapping[grpc.StatusCode, str] = {
    grpc.StatusCode.UNAVAILABLE: "unavailable",
    grpc.StatusCode.DEADLINE_EXCEEDED: "timeout",
    grpc.StatusCode.CANCELLED: "unavailable",
    grpc.StatusCode.UNAUTHENTICATED: "unauthenticated",
    grpc.StatusCode.PERMISSION_DENIED: "forbidden",
    grpc.StatusCode.NOT_FOUND: "not_found",
    grpc.StatusCode.ALREADY_EXISTS: "conflict",
    grpc.StatusCode.ABORTED: "conflict",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "unavailable",
}


class Violation(NamedTuple):
    """One thing that is wrong with a request."""

    pointer: str
    """JSON pointer (RFC 6901) to the offending member."""
    detail: str


class ServiceError(Exception):
    """An error that a caller may be told of.

    ``kind`` is a key of ``KINDS``; ``code`` is stable and snake_case; ``extra`` holds further
    members of the answer, such as the lines that are out of stock. ``replayed`` marks the stored
    answer of an idempotency key.
    """

    def __init__(
        self,
        kind: str,
        code: str,
        detail: str = "",
        *,
        violations: Sequence[Violation] = (),
        extra: Mapping[str, object] | None = None,
        replayed: bool = False,
    ) -> None:
        super().__init__(detail or code)
        self.kind = kind
        self.code = code
        self.detail = detail
        self.violations = tuple(violations)
        self.extra: Mapping[str, object] = dict(extra or {})
        self.replayed = replayed


def not_found(detail: str = "There is no such thing, or it is not yours to see.") -> ServiceError:
    """Return the error for an unknown, malformed or foreign id."""
    return ServiceError("not_found", "not_found", detail)


def conflict(code: str, detail: str = "", **extra: object) -> ServiceError:
    """Return the error for a request that the present state refuses."""
    return ServiceError("conflict", code, detail, extra=extra)


def invalid(code: str, detail: str = "", violations: Sequence[Violation] = ()) -> ServiceError:
    """Return the error for a well-formed request with a wrong value."""
    return ServiceError("invalid", code, detail, violations=violations)


def malformed(code: str, detail: str = "") -> ServiceError:
    """Return the error for something that cannot be read, such as a forged cursor."""
    return ServiceError("malformed", code, detail)


def forbidden(code: str = "forbidden", detail: str = "You may not do this.") -> ServiceError:
    """Return the error for a known caller who may not."""
    return ServiceError("forbidden", code, detail)


def insufficient_scope() -> ServiceError:
    """Return the error for an API key that may not do what its account may."""
    return forbidden("insufficient_scope", "The API key's scopes do not allow this.")


def unauthenticated(code: str = "authentication_required", detail: str = "") -> ServiceError:
    """Return the error for a caller without valid credentials."""
    return ServiceError("unauthenticated", code, detail or "Valid credentials are required.")


def stale(code: str = "stale_version", detail: str = "") -> ServiceError:
    """Return the error for an expected version that is no longer the present one."""
    return ServiceError("stale", code, detail or "It has changed since you read it.")


def unavailable(service: str, retry_after_s: int = 1) -> ServiceError:
    """Return the error for a part of the system that is away."""
    return ServiceError(
        "unavailable",
        "service_unavailable",
        f"{service} is not available at the moment.",
        extra={"service": service, "retry_after_s": retry_after_s},
    )


def timed_out(service: str) -> ServiceError:
    """Return the error for a part that did not answer in time: what it did is unknown."""
    return ServiceError(
        "timeout",
        "service_timeout",
        f"{service} did not answer in time.",
        extra={"service": service, "retry_after_s": 1},
    )


def deadline_exceeded() -> ServiceError:
    """Return the error for a call that this process gave up at its deadline."""
    return ServiceError("timeout", _DEADLINE_EXCEEDED, "The call took too long.")


def as_service_error(error: BaseException) -> ServiceError | None:
    """Return a business error as a ServiceError, or None for one that nobody foresaw.

    A domain error is known by its ``kind`` and ``code``, because a domain imports no library; it
    may have ``extra``, ``replayed`` and ``violations``, which are pairs of a JSON pointer and a
    sentence.
    """
    if isinstance(error, ServiceError):
        return error
    kind = getattr(error, "kind", None)
    code = getattr(error, "code", None)
    if not isinstance(kind, str) or not isinstance(code, str) or kind not in KINDS:
        return None
    extra = getattr(error, "extra", None)
    return ServiceError(
        kind,
        code,
        str(error),
        violations=[Violation(*pair) for pair in getattr(error, "violations", ())],
        extra=extra if isinstance(extra, Mapping) else None,
        replayed=bool(getattr(error, "replayed", False)),
    )


def to_status(error: ServiceError) -> status_pb2.Status:
    """Return an error as it travels between services."""
    info = error_details_pb2.ErrorInfo(
        reason=error.code,
        domain=_DOMAIN,
        metadata={"kind": error.kind, "extra": orjson.dumps(dict(error.extra)).decode()},
    )
    details = [any_pb2.Any()]
    details[0].Pack(info)
    if error.violations:
        bad = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=v.pointer, description=v.detail)
                for v in error.violations
            ]
        )
        packed = any_pb2.Any()
        packed.Pack(bad)
        details.append(packed)
    code: int = KINDS[error.kind].grpc.value[0]
    return status_pb2.Status(
        code=code_pb2.Code.ValueType(code), message=error.detail or error.code, details=details
    )


def from_status(status: status_pb2.Status) -> ServiceError | None:
    """Return the error that a status carries, or None if it is not one of ours."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    violations: list[Violation] = []
    for detail in status.details:
        if detail.TypeName() == "google.rpc.ErrorInfo":
            detail.Unpack(info)
        elif detail.TypeName() == "google.rpc.BadRequest":
            detail.Unpack(bad)
            violations = [Violation(v.field, v.description) for v in bad.field_violations]
    kind = info.metadata.get("kind", "")
    if info.domain != _DOMAIN or kind not in KINDS:
        return None
    extra = orjson.loads(info.metadata.get("extra", "{}"))
    return ServiceError(kind, info.reason, status.message, violations=violations, extra=extra)


def from_rpc_error(error: grpc.aio.AioRpcError, service: str) -> ServiceError:
    """Return what a failed call of a peer means to the caller."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    known = from_status(status) if status is not None else None
    if known is not None and known.code != _DEADLINE_EXCEEDED:
        known.replayed = REPLAYED in tuple(error.trailing_metadata() or ())
        return known
    kind = _KIND_OF_STATUS.get(error.code(), "internal")
    if kind == "unavailable":
        return unavailable(service)
    if kind == "timeout":
        return timed_out(service)
    return ServiceError(kind, kind, "" if kind == "internal" else error.details() or "")
