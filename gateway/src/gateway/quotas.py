"""How much one client may ask for: the classes of operations, their quotas, and the arithmetic.

The arithmetic is the generic cell rate algorithm (ITU-T I.371, Annex A, virtual scheduling): one
number per client and class, the time at which its bucket would be empty again, says everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

WINDOW_S = 60.0
"""What every quota is counted over."""
OFF = "off"
_ROOMY = 1000
"""In development, where one machine is the whole world, everything is so many times as much."""
_SLACK_S = 1e-6
_SETTING = re.compile(r"([a-z]+)=([0-9]{1,9}):([0-9]{1,9})")
_UNLIMITED = frozenset({"/livez", "/readyz", "/metrics"})
_AUTH = re.compile(r"/v1/auth/(?!refresh$|logout$)|/v1/me/(?:password|totp|identities)")
"""Whatever looks at a password or a code. Renewing tokens is not: whole offices do it at once."""
_BEGINS_LOGIN = re.compile(r"/v1/auth/oauth/[^/]+/authorize")
"""A read by its method, but it stores what was begun."""


class Allowance(NamedTuple):
    """Requests per minute of one class; 0 for any number."""

    address: int
    account: int


DEFAULTS: Mapping[str, Allowance] = {
    # Many people may share one address: mobile networks and offices hide thousands behind it.
    "reads": Allowance(3000, 1200),
    "writes": Allowance(1200, 600),
    "checkout": Allowance(300, 60),
    "auth": Allowance(60, 30),
    "webhooks": Allowance(6000, 0),
}


class Quota(NamedTuple):
    """So many requests in a minute, all of them at once if the client likes."""

    name: str
    most: int

    @property
    def interval_s(self) -> float:
        """How long one request takes to come back."""
        return WINDOW_S / self.most


class Outcome(NamedTuple):
    """What became of one request under one quota."""

    allowed: bool
    remaining: int
    wait_s: float
    """How long until more is to be had than now."""


class Limits(NamedTuple):
    """The quotas of one class."""

    address: Quota | None
    account: Quota | None


def limits_of(text: str, *, production: bool) -> Mapping[str, Limits]:
    """Return the quotas per class that a setting asks for; none for ``off``.

    The setting names only what differs from the defaults, as ``class=address:account`` in
    requests a minute, with commas. Raises ValueError for anything else.
    """
    if text.strip() == OFF:
        return {}
    factor = 1 if production else _ROOMY
    allowed = {
        name: Allowance(each.address * factor, each.account * factor)
        for name, each in DEFAULTS.items()
    }
    for part in filter(None, map(str.strip, text.split(","))):
        found = _SETTING.fullmatch(part)
        if found is None or found[1] not in DEFAULTS:
            raise ValueError(f"{part!r} is not <class>=<per address>:<per account>")
        allowed[found[1]] = Allowance(int(found[2]), int(found[3]))
    return {
        name: Limits(
            Quota(f"{name}-by-address", each.address) if each.address else None,
            Quota(f"{name}-by-account", each.account) if each.account else None,
        )
        for name, each in allowed.items()
    }


def class_of(method: str, path: str) -> str:
    """Return the class of an operation by its method and path, or its route's; empty for probes."""
    if path in _UNLIMITED:
        return ""
    if path.startswith("/v1/webhooks/"):
        return "webhooks"
    if method in ("GET", "HEAD") and not _BEGINS_LOGIN.fullmatch(path):
        return "reads"
    if path.endswith("/checkout"):
        return "checkout"
    return "auth" if _AUTH.match(path) else "writes"


def outcome(filled_s: float, quota: Quota) -> Outcome:
    """Return what a request gets after which a bucket would take ``filled_s`` seconds to empty."""
    free_s = WINDOW_S - filled_s
    if free_s < -_SLACK_S:
        return Outcome(False, 0, -free_s)
    remaining = int((free_s + _SLACK_S) / quota.interval_s)
    return Outcome(True, remaining, (remaining + 1) * quota.interval_s - free_s)
