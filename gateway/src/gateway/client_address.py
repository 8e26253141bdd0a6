"""Which address a request comes from, when proxies stand between the client and the gateway.

A proxy appends the address it got a request from to a header; whoever stands before it can write
anything into that header. So it is read from the right, and no further than trusted proxies go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORWARDED = "forwarded"
_MAX_HOPS = 32
"""Nobody has so many proxies; what stands further left is not looked at."""
_MAX_FORWARDED = 4096
_FORWARDED_FOR = re.compile(r"for=", re.IGNORECASE)
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_LIST = re.compile(rf'(?:[^"]|{_QUOTED})*+')
_ELEMENT = re.compile(rf'(?:[^",]|{_QUOTED})++')
_PARAMETER = re.compile(rf'(?:[^";]|{_QUOTED})++')


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a list of CIDRs or addresses with commas; raises ValueError."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


class ClientAddresses:
    """Finds the client's address; nothing that a client sends counts unless a trusted proxy does.

    ``header`` is the one that the proxies write: ``x-forwarded-for`` or ``forwarded`` (RFC 7239).
    It is never guessed: a proxy passes on the one that it does not know as the client wrote it.
    """

    def __init__(self, trusted: Iterable[Network] = (), header: str = "x-forwarded-for") -> None:
        self._trusted = tuple(trusted)
        self._header = header.encode()
        self._nodes = _forwarded_nodes if header == FORWARDED else _plain_nodes

    def of(self, scope: Scope) -> str:
        """Return the right-most address that is no trusted proxy's; empty where there is none.

        What cannot be read ends the search: the proxy that passed it on is then the client.
        """
        peer = scope.get("client")
        if not peer:
            return ""
        host: str = peer[0]
        if not self._trusted:
            return host.removeprefix("::ffff:") if "." in host else host
        found = _address(host)
        if found is None or not self.is_trusted(found):
            return host if found is None else str(found)
        for text in self._hops(scope):
            hop = _address(text)
            if hop is None:
                break
            found = hop
            if not self.is_trusted(hop):
                break
        return str(found)

    def _hops(self, scope: Scope) -> Sequence[str]:
        """Return who passed the request on, the nearest first."""
        values = [value for name, value in scope["headers"] if name == self._header]
        text = b",".join(values).decode("latin-1")
        return self._nodes(text)

    def is_proxy(self, host: str) -> bool:
        """Tell whether a connection's address is a trusted proxy's."""
        found = _address(host)
        return found is not None and self.is_trusted(found)

    def is_trusted(self, address: Address) -> bool:
        """Tell whether an address lies in a trusted network."""
        return any(address in network for network in self._trusted)


def _plain_nodes(text: str) -> Sequence[str]:
    return [node.strip() for node in reversed(text.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:])]


def _forwarded_nodes(text: str) -> Sequence[str]:
    """Return the ``for`` of each element (RFC 7239, 4), empty for an element without one.

    A quote that a client left open would swallow what the proxy added: then there are none at all.
    """
    if len(text) > _MAX_FORWARDED or not _LIST.fullmatch(text):
        return ()
    return [_for_of(element) for element in _ELEMENT.findall(text)[: -_MAX_HOPS - 1 : -1]]


def _for_of(element: str) -> str:
    for parameter in _PARAMETER.findall(element):
        name = _FORWARDED_FOR.match(parameter.strip())
        if name is not None:
            value = str(parameter.strip()[name.end() :])
            quoted = value.startswith('"') and value.endswith('"')
            return re.sub(r"\\(.)", r"\1", value[1:-1]) if quoted else value
    return ""


def _address(node: str) -> Address | None:
    """Return a node's address without its port; None for names, ``unknown`` and ``_hidden``."""
    if node.startswith("["):
        node = node[1:].partition("]")[0]
    elif node.count(":") == 1:
        node = node.partition(":")[0]
    try:
        found = ip_address(node.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
