from chassis.errors import (
    KINDS,
    ServiceError,
    Violation,
    as_service_error,
    conflict,
    from_status,
    to_status,
)


class OrderNotPendingError(Exception):
    kind = "conflict"
    code = "order_not_pending"
    extra = {"status": "confirmed"}
    violations = (("/status", "is confirmed"),)


def test_every_kind_travels_with_code_detail_violations_and_extra() -> None:
    for kind in KINDS:
        sent = ServiceError(
            kind,
            "some_code",
            "What happened.",
            violations=[Violation("/items/0", "is wrong")],
            extra={"lines": [{"requested": 2}]},
        )
        received = from_status(to_status(sent))
        assert received is not None
        assert (received.kind, received.code, received.detail) == (
            kind,
            "some_code",
            "What happened.",
        )
        assert received.violations == sent.violations
        assert received.extra == sent.extra


def test_a_domain_error_is_known_by_its_kind_and_code() -> None:
    known = as_service_error(OrderNotPendingError("It is confirmed."))
    assert known is not None
    assert (known.kind, known.code, known.detail) == (
        "conflict",
        "order_not_pending",
        "It is confirmed.",
    )
    assert known.extra == {"status": "confirmed"}
    assert known.violations == (Violation("/status", "is confirmed"),)


def test_an_error_that_nobody_foresaw_is_not_told() -> None:
    assert as_service_error(ValueError("secret detail")) is None


def test_no_two_kinds_share_an_http_status() -> None:
    assert len({kind.http for kind in KINDS.values()}) == len(KINDS)
    assert KINDS[conflict("x").kind].http == 409
