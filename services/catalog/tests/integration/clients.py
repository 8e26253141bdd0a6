"""Whoever calls the service in tests, and the identity that it asks."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.actor import Actor
from chassis.errors import ServiceError, not_found
from chassis.grpc_client import Peer
from chassis.ids import format_id
from chassis.process import ServiceApp
from services.catalog.tests.builders import account, make_seller, member, unique
from soko.catalog.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    inventory_pb2_grpc,
    media_pb2_grpc,
)
from soko.common.v1.money_pb2 import Money
from soko.identity.v1 import seller_pb2, seller_pb2_grpc

CREATE = catalog_pb2.CreateProductRequest


class Tokens:
    """Stands for the verifier: a token is the name of an actor."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}

    async def verify(self, token: str) -> Actor:
        return self.actors[token]

    def of(self, actor: Actor) -> str:
        self.actors[actor.account_id] = actor
        return actor.account_id


class Identity(seller_pb2_grpc.SellerServiceServicer):
    """Answers for sellers that a test opened."""

    def __init__(self) -> None:
        self.sellers: dict[str, seller_pb2.Seller] = {}

    async def GetSeller(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.id_or_slug not in self.sellers:
            raise not_found()
        return seller_pb2.GetSellerResponse(seller=self.sellers[request.id_or_slug])

    async def GetMembership(self, request: Any, context: Any) -> Any:  # noqa: N802
        return seller_pb2.GetMembershipResponse(role="")


@dataclass
class Client:
    """Calls the service as anybody."""

    app: ServiceApp
    peer: Peer
    orders: Peer
    identity: Identity
    tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        self.catalog = catalog_pb2_grpc.CatalogServiceStub(self.peer.channel)
        self.inventory = inventory_pb2_grpc.InventoryServiceStub(self.peer.channel)
        self.media = media_pb2_grpc.MediaServiceStub(self.peer.channel)

    async def call(self, method: Any, request: Any, by: Actor | None = None, key: str = "") -> Any:
        metadata = [("authorization", f"Bearer {self.tokens.of(by)}")] if by else []
        if key:
            metadata += [
                ("soko-idempotency-scope", "scope"),
                ("soko-idempotency-key", key),
                ("soko-idempotency-fingerprint", "print"),
            ]
        return await self.peer.call(method, request, metadata=metadata, timeout_s=10)

    async def ask(self, method: Any, request: Any) -> Any:
        """Call as the orders service."""
        return await self.orders.call(method, request, timeout_s=10)

    def seller(self) -> tuple[str, Actor]:
        """Open a seller at identity; return its id and its owner."""
        seller = make_seller()
        seller_id = format_id("sel", seller.id)
        message = seller_pb2.Seller(
            id=seller_id,
            slug=seller.slug,
            name=seller.name,
            country="KE",
            currency="KES",
            status="active",
        )
        self.identity.sellers[seller_id] = self.identity.sellers[seller.slug] = message
        return seller_id, member(seller.id)

    async def category(self) -> str:
        request = catalog_pb2.CreateCategoryRequest(name=unique("Category"))
        answer = await self.call(self.catalog.CreateCategory, request, account("admin"))
        return str(answer.category.id)

    async def product(self, seller_id: str, owner: Actor, key: str = "") -> Any:
        request = CREATE(
            seller=seller_id,
            title="Kikoi",
            category_id=await self.category(),
            status="active",
            variants=[new_variant()],
        )
        answer = await self.call(self.catalog.CreateProduct, request, owner, key)
        return answer.product


def new_variant(**values: Any) -> catalog_pb2.NewVariant:
    fields = {
        "sku": unique("sku"),
        "prices": [Money(amount_minor=1000, currency="KES")],
        **values,
    }
    return catalog_pb2.NewVariant(**fields)


async def refusal(call: Awaitable[Any]) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        await call
    return raised.value


def background(client: Client, kind: type) -> Any:
    return next(work for work in client.app.background if isinstance(work, kind))
