from chassis.idempotency_key import IdempotencyKey

KEY = IdempotencyKey(scope="a" * 64, key="k", fingerprint="b" * 64)


def test_the_same_request_derives_the_same_id() -> None:
    assert KEY.derive_id("order") == IdempotencyKey("a" * 64, "k", "b" * 64).derive_id("order")


def test_another_purpose_scope_key_or_body_derives_another_id() -> None:
    ids = {
        KEY.derive_id("order"),
        KEY.derive_id("line"),
        IdempotencyKey("c" * 64, "k", "b" * 64).derive_id("order"),
        IdempotencyKey("a" * 64, "l", "b" * 64).derive_id("order"),
        IdempotencyKey("a" * 64, "k", "c" * 64).derive_id("order"),
    }
    assert len(ids) == 5


def test_a_derived_id_is_a_uuid_of_version_8() -> None:
    derived = KEY.derive_id("order")
    assert derived.version == 8
    assert derived.variant == "specified in RFC 4122"
