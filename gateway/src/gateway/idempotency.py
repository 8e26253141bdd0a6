"""What a client's ``Idempotency-Key`` stands for: who repeats which request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from chassis.actor import Actor
from chassis.errors import malformed
from chassis.idempotency_key import REPLAYED, IdempotencyKey
from gateway.bodies.json_body import canonical

KEY_METADATA = "soko-idempotency-key"
SCOPE_METADATA = "soko-idempotency-scope"
FINGERPRINT_METADATA = "soko-idempotency-fingerprint"
REPLAYED_HEADER = "Idempotent-Replayed"


def key_required() -> Exception:
    """Return the error for a request that must be repeatable and names no key."""
    return malformed("idempotency_key_required", "Send an Idempotency-Key header.")


def bind_key(
    key: str,
    actor: Actor,
    guest: str,
    *,
    method: str,
    route: str,
    path: str,
    body: Any,
) -> IdempotencyKey:
    """Return a client's key with its scope and fingerprint.

    ``guest`` names a guest by the cart or order and its token. The token is part of the scope, so
    that nobody gets another's stored answer by guessing an id. A caller without either shares the
    scope only with requests that have the same body.
    """
    fingerprint = hashlib.sha256(
        b"\n".join((method.encode(), path.encode("utf-8", "replace"), canonical(body)))
    ).hexdigest()
    if actor.kind == "account":
        subject = "account:" + actor.account_id
    elif guest:
        subject = "guest:" + guest
    else:
        subject = "anonymous:" + fingerprint
    scope = hashlib.sha256("|".join((subject, method, route)).encode()).hexdigest()
    return IdempotencyKey(scope=scope, key=key, fingerprint=fingerprint)


def metadata_of(key: IdempotencyKey | None) -> tuple[tuple[str, str], ...]:
    """Return the gRPC metadata that carries a key, none without one."""
    if key is None:
        return ()
    return (
        (SCOPE_METADATA, key.scope),
        (KEY_METADATA, key.key),
        (FINGERPRINT_METADATA, key.fingerprint),
    )


def was_replayed(trailers: Mapping[str, str]) -> bool:
    """Tell whether an answer is a stored one."""
    name, value = REPLAYED
    return trailers.get(name) == value
