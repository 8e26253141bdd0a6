"""CartService over gRPC."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2

from chassis.context import current_actor, current_idempotency
from chassis.database import Database
from chassis.idempotency import idempotent
from chassis.ids import format_id, new_id
from orders.app.add_item import AddItem, AddItemHandler
from orders.app.claim_cart import ClaimCart, ClaimCartHandler
from orders.app.create_cart import CreateCart, CreateCartHandler, NewLine
from orders.app.edit_cart import AnswerUnder, CartRef
from orders.app.get_cart import GetCart, GetCartHandler
from orders.app.get_my_cart import GetMyCart, GetMyCartHandler
from orders.app.ports import Key
from orders.app.remove_item import RemoveItem, RemoveItemHandler
from orders.app.set_email import SetEmail, SetEmailHandler
from orders.app.set_shipping_address import SetShippingAddress, SetShippingAddressHandler
from orders.app.update_item import UpdateItem, UpdateItemHandler
from orders.domain.cart import Cart
from orders.domain.errors import EmailRequired, VariantUnknown
from orders.domain.guest_token import GuestTokens
from orders.entrypoints.checks import (
    checked_address,
    checked_country,
    checked_currency,
    checked_email,
    checked_id,
    is_id,
)
from orders.entrypoints.messages import cart_message
from soko.orders.v1 import cart_pb2 as pb
from soko.orders.v1 import cart_pb2_grpc

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True, slots=True)
class CartUseCases:
    """What CartService can do."""

    create: CreateCartHandler
    get: GetCartHandler
    get_mine: GetMyCartHandler
    add_item: AddItemHandler
    update_item: UpdateItemHandler
    remove_item: RemoveItemHandler
    claim: ClaimCartHandler
    set_email: SetEmailHandler
    set_shipping_address: SetShippingAddressHandler


class CartServicer(cart_pb2_grpc.CartServiceServicer):
    """Carts of guests and accounts."""

    def __init__(self, use_cases: CartUseCases, tokens: GuestTokens, db: Database) -> None:
        self._do = use_cases
        self._tokens = tokens
        self.db = db

    @idempotent
    async def CreateCart(
        self, request: pb.CreateCartRequest, context: Context
    ) -> pb.CreateCartResponse:
        """Open a cart."""
        key = current_idempotency()
        cart = await self._do.create(
            CreateCart(
                cart_id=format_id("cart", key.derive_id("cart") if key else new_id()),
                actor=current_actor(),
                currency=checked_currency(request.currency),
                country=checked_country(request.country),
                lines=[
                    NewLine(_variant_id(item.variant_id), item.quantity) for item in request.items
                ],
                email=checked_email(request.email),
                shipping_address=checked_address(request.shipping_address)
                if request.HasField("shipping_address")
                else None,
            )
        )
        token = self._tokens.token(cart.id, cart.token_generation) if not cart.account_id else ""
        return pb.CreateCartResponse(cart=cart_message(cart, token))

    async def GetCart(self, request: pb.GetCartRequest, context: Context) -> pb.GetCartResponse:
        """Return a cart."""
        query = GetCart(checked_id("cart", request.cart_id), request.token, current_actor())
        return pb.GetCartResponse(cart=cart_message(await self._do.get(query)))

    async def GetMyCart(
        self, request: pb.GetMyCartRequest, context: Context
    ) -> pb.GetMyCartResponse:
        """Return the caller's open cart."""
        cart = await self._do.get_mine(GetMyCart(current_actor()))
        return pb.GetMyCartResponse(cart=cart_message(cart))

    @idempotent
    async def AddItem(self, request: pb.AddItemRequest, context: Context) -> pb.AddItemResponse:
        """Add units of a variant."""
        key = current_idempotency()
        answer = None
        if key is not None:
            answer = AnswerUnder(Key(key.scope, key.key, key.fingerprint), _add_item_answer)
        cart = await self._do.add_item(
            AddItem(
                cart=_ref(request.cart_id, request.token),
                variant_id=_variant_id(request.item.variant_id),
                quantity=request.item.quantity,
                answer=answer,
            )
        )
        return pb.AddItemResponse(cart=cart_message(cart))

    async def UpdateItem(
        self, request: pb.UpdateItemRequest, context: Context
    ) -> pb.UpdateItemResponse:
        """Set the quantity of a line."""
        ref = _ref(request.cart_id, request.token)
        cart = await self._do.update_item(UpdateItem(ref, request.item_id, request.quantity))
        return pb.UpdateItemResponse(cart=cart_message(cart))

    async def RemoveItem(
        self, request: pb.RemoveItemRequest, context: Context
    ) -> pb.RemoveItemResponse:
        """Remove a line."""
        ref = _ref(request.cart_id, request.token)
        cart = await self._do.remove_item(RemoveItem(ref, request.item_id))
        return pb.RemoveItemResponse(cart=cart_message(cart))

    @idempotent
    async def ClaimCart(
        self, request: pb.ClaimCartRequest, context: Context
    ) -> pb.ClaimCartResponse:
        """Make a guest's cart the caller's."""
        cart_id = checked_id("cart", request.cart_id)
        cart = await self._do.claim(ClaimCart(cart_id, request.token, current_actor()))
        return pb.ClaimCartResponse(cart=cart_message(cart))

    async def SetEmail(self, request: pb.SetEmailRequest, context: Context) -> pb.SetEmailResponse:
        """Set the e-mail address for the order."""
        if not request.email:
            raise EmailRequired
        ref = _ref(request.cart_id, request.token)
        cart = await self._do.set_email(SetEmail(ref, checked_email(request.email)))
        return pb.SetEmailResponse(cart=cart_message(cart))

    async def SetShippingAddress(
        self, request: pb.SetShippingAddressRequest, context: Context
    ) -> pb.SetShippingAddressResponse:
        """Set where to ship."""
        ref = _ref(request.cart_id, request.token)
        address = checked_address(request.address)
        cart = await self._do.set_shipping_address(SetShippingAddress(ref, address))
        return pb.SetShippingAddressResponse(cart=cart_message(cart))


def _ref(cart_id: str, token: str) -> CartRef:
    return CartRef(checked_id("cart", cart_id), token, current_actor())


def _variant_id(text: str) -> str:
    if not is_id("var", text):
        raise VariantUnknown(variant_id=text)
    return text


def _add_item_answer(cart: Cart) -> bytes:
    """Render as chassis.idempotency stores answers."""
    packed = any_pb2.Any()
    packed.Pack(pb.AddItemResponse(cart=cart_message(cart)))
    return packed.SerializeToString()
