from orders.domain.guest_token import GuestTokens
from services.orders.tests.builders import SECRET, an_id

TOKENS = GuestTokens(SECRET)


def test_a_token_can_be_made_again() -> None:
    cart_id = an_id("cart")
    token = TOKENS.token(cart_id, 1)
    assert GuestTokens(SECRET).token(cart_id, 1) == token
    assert TOKENS.proves(token, cart_id, 1)


def test_a_token_proves_one_thing_of_one_generation() -> None:
    cart_id = an_id("cart")
    token = TOKENS.token(cart_id, 1)
    assert not TOKENS.proves(token, an_id("cart"), 1)
    assert not TOKENS.proves(token, cart_id, 2)
    assert not GuestTokens("another secret of thirty-two characters").proves(token, cart_id, 1)
    for forged in ("", "é", token[:-1], token + "A"):
        assert not TOKENS.proves(forged, cart_id, 1)


def test_what_has_no_guest_has_no_token() -> None:
    account_s = an_id("cart")
    assert not TOKENS.proves(TOKENS.token(account_s, 0), account_s, 0)


def test_a_token_outlives_a_change_of_the_secret_while_the_former_one_is_accepted() -> None:
    cart_id, new = an_id("cart"), "a new secret of thirty-two characters"
    token = TOKENS.token(cart_id, 1)
    changed = GuestTokens(new, SECRET)
    assert changed.proves(token, cart_id, 1)
    assert changed.token(cart_id, 1) == GuestTokens(new).token(cart_id, 1) != token
    assert not GuestTokens(new).proves(token, cart_id, 1)
