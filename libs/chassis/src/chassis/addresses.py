"""IP addresses as far as they tell one client from another."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network


@lru_cache(maxsize=4096)
def client_key(address: str) -> str:
    """Return what of an address one client holds: all of IPv4, the /64 of IPv6 (RFC 6177).

    What is no address is returned as it is.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found) >> 64 << 64, 64)))
    return address
