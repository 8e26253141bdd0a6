"""Which address counts as the client's."""

import pytest

from gateway.client_address import ClientAddresses, networks

PROXY = "10.0.0.7"
CLIENT = "203.0.113.9"
FORGED = "198.51.100.1"


def scope(peer, *headers):
    return {
        "client": (peer, 40000) if peer else None,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }


def behind(*trusted, header="x-forwarded-for"):
    return ClientAddresses(networks(",".join(trusted)), header)


def test_nothing_that_a_client_sends_counts_unless_its_peer_is_trusted():
    sent = (("X-Forwarded-For", FORGED), ("Forwarded", f"for={FORGED}"))
    assert ClientAddresses().of(scope(CLIENT, *sent)) == CLIENT
    assert behind("10.0.0.0/8").of(scope(CLIENT, *sent)) == CLIENT
    assert ClientAddresses().of(scope("127.0.0.1", *sent)) == "127.0.0.1"


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (CLIENT, CLIENT),
        (f"{FORGED}, {CLIENT}", CLIENT),
        (f"{FORGED}, {CLIENT}, 10.1.1.1", CLIENT),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        (f"{CLIENT}:51234", CLIENT),
        (f"::ffff:{CLIENT}", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("", PROXY),
        ("unknown", PROXY),
        (f"{CLIENT}, rubbish", PROXY),
        (f"{FORGED}, , 10.1.1.1", "10.1.1.1"),
        (", ".join([FORGED] + ["10.1.1.1"] * 40), "10.1.1.1"),
    ],
)
def test_x_forwarded_for_is_read_from_the_right_past_trusted_proxies(sent, found):
    assert behind("10.0.0.0/8").of(scope(PROXY, ("X-Forwarded-For", sent))) == found


def test_repeated_headers_are_one_list():
    sent = (("X-Forwarded-For", FORGED), ("X-Forwarded-For", f"{CLIENT}, 10.1.1.1"))
    assert behind("10.0.0.0/8").of(scope(PROXY, *sent)) == CLIENT


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (f"for={CLIENT}", CLIENT),
        (f'For="{CLIENT}:4711";proto=https', CLIENT),
        (f"for={FORGED}, by=10.0.0.7;for={CLIENT};host=a", CLIENT),
        (f"for={FORGED}, for={CLIENT}, for=10.1.1.1", CLIENT),
        ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        (f'for={FORGED}, host="a,for={FORGED}"', PROXY),
        (f'for="\\{CLIENT}"', CLIENT),
        ("for=unknown", PROXY),
        ("for=_hidden", PROXY),
        (f"for={FORGED}, proto=https", PROXY),
        ('for="', PROXY),
        (f'for={FORGED};x=", for={CLIENT}', PROXY),
        (f'for={FORGED};x=", for="{CLIENT}"', PROXY),
        (f'for={CLIENT};host="a,for={FORGED}"', CLIENT),
        ("for=" + CLIENT + ";x=" + "y" * 5000, PROXY),
    ],
)
def test_forwarded_is_read_as_rfc_7239_says(sent, found):
    addresses = behind("10.0.0.0/8", header="forwarded")
    assert addresses.of(scope(PROXY, ("Forwarded", sent))) == found


def test_the_header_that_the_proxies_do_not_write_is_never_read():
    sent = (("Forwarded", f"for={FORGED}"), ("X-Forwarded-For", CLIENT))
    assert behind("10.0.0.0/8").of(scope(PROXY, *sent)) == CLIENT
    assert behind("10.0.0.0/8", header="forwarded").of(scope(PROXY, *sent[::-1])) == FORGED


def test_a_connection_without_an_address_has_none():
    assert behind("10.0.0.0/8").of(scope(None, ("X-Forwarded-For", FORGED))) == ""


def test_mapped_addresses_are_those_that_they_map():
    assert ClientAddresses().of(scope(f"::ffff:{CLIENT}")) == CLIENT
    assert behind("10.0.0.0/8").of(scope("::ffff:10.0.0.7", ("X-Forwarded-For", CLIENT))) == CLIENT


def test_what_is_no_network_is_refused_at_the_start():
    assert networks(" 10.0.0.0/8 ,, ::1 ") == networks("10.0.0.0/8,::1/128")
    for wrong in ("10.0.0.1/8", "proxy.example", "10.0.0.0/33"):
        with pytest.raises(ValueError, match=r".+"):
            networks(wrong)
