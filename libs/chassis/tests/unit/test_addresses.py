from chassis.addresses import client_key


def test_one_client_holds_an_ipv4_address_or_the_64_bits_of_a_network() -> None:
    assert client_key("203.0.113.9") == "203.0.113.9"
    assert client_key("2001:db8:0:1::5") == "2001:db8:0:1::/64"
    assert client_key("2001:db8:0:1:ffff::1") == "2001:db8:0:1::/64"
    assert client_key("2001:db8:0:2::5") == "2001:db8:0:2::/64"
    assert client_key("") == ""
