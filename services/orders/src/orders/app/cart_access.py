"""Who may see and change a cart or an order."""

from __future__ import annotations

from chassis.actor import Actor
from orders.domain.cart import Cart
from orders.domain.errors import AuthenticationRequired, NotFound
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order


def require_cart(cart: Cart | None, actor: Actor, token: str, tokens: GuestTokens) -> Cart:
    """Return the cart if it is the caller's or the token proves it; raises NotFound."""
    if cart is None:
        raise NotFound
    if cart.account_id:
        if actor.kind != "account" or actor.account_id != cart.account_id:
            raise NotFound
    elif not tokens.proves(token, cart.id, cart.token_generation):
        raise NotFound
    return cart


def require_order(order: Order | None, actor: Actor, token: str, tokens: GuestTokens) -> Order:
    """Return the order if the caller may see it.

    That is its owner, the guest whose token it is, an operator, an admin or one of our services.
    Raises AuthenticationRequired without any credentials, else NotFound.
    """
    if actor.kind == "guest" and not token:
        raise AuthenticationRequired
    if order is None:
        raise NotFound
    if actor.kind == "service" or actor.is_staff:
        return order
    if order.account_id and actor.account_id == order.account_id:
        return order
    if tokens.proves(token, order.id, order.token_generation):
        return order
    raise NotFound
