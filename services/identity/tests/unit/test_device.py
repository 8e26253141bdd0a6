"""What a session remembers of its client."""

from __future__ import annotations

import pytest

from identity.domain.device import device_of, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_an_address_is_kept_without_its_last_part(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_clients_words_are_cut_and_cannot_break_a_line() -> None:
    device = device_of("Browser\r\nX-Evil: 1\x00\u202e" + "x" * 500, "")
    assert device.user_agent.startswith("Browser  X-Evil: 1  xx")
    assert len(device.user_agent) == 200
