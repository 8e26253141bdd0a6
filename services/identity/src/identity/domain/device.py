"""What a session remembers of its client: enough to recognize it, and no more."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_MAX_USER_AGENT = 200
_KEPT_BITS = {4: 24, 6: 48}
"""The part of an address that stands for a place rather than for one connection."""


@dataclass(frozen=True, slots=True)
class Device:
    """A client as it showed itself when it was given tokens."""

    user_agent: str = ""
    network: str = ""
    """In CIDR notation; empty if the address is not known."""


UNKNOWN_DEVICE = Device()


def device_of(user_agent: str, address: str) -> Device:
    """Return what is kept of a client's words and its IP address."""
    shown = "".join(char if char.isprintable() else " " for char in user_agent)
    return Device(shown[:_MAX_USER_AGENT].strip(), network_of(address))


def network_of(address: str) -> str:
    """Return an address without its last part, such as ``192.0.2.0/24`` or ``2001:db8:1::/48``."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(ipaddress.ip_network((known, _KEPT_BITS[known.version]), strict=False))
