"""Who may call which RPC: ``soko/callers.toml`` beside the contracts, enforced by every server."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

GATEWAY = "gateway"
"""The gateway in its user's name; in its own it is another caller."""


@cache
def allowed_callers() -> Mapping[str, frozenset[str]]:
    """Return the callers' names by RPC, such as ``/soko.identity.v1.KeyService/GetJwks``.

    What is missing there is for nobody.
    """
    text = (resources.files("soko") / "callers.toml").read_text()
    services: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(text)
    return {
        f"/{service}/{method}": frozenset(callers)
        for service, methods in services.items()
        for method, callers in methods.items()
    }
