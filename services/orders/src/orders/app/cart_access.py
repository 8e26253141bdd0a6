"""Who may see and change a cart or an order."""

from __future__ import annotations

from collections.abc import Collection

from chassis.actor import Actor
from orders.app.ports import Sellers
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


async def sellers_of_member(order: Order | None, actor: Actor, sellers: Sellers) -> Collection[str]:
    """Return the sellers with a part in a confirmed order whom the caller works for.

    The token says so, or identity if the token is older than the membership.
    """
    if order is None or order.confirmed_at is None or actor.kind != "account":
        return ()
    parts = {part.seller_id for part in order.seller_orders}
    known = parts & actor.memberships.keys()
    if known:
        return known
    return [each for each in parts if await sellers.role_of(each, actor.account_id)]
