"""Deny by default: a route that does not say who may call it keeps the gateway from starting."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount, WebSocketRoute

from chassis.actor import Actor
from gateway.api import ApiRequest, ApiRoute
from gateway.app import create_application, refuse_undeclared
from gateway.openapi import build_openapi
from gateway.rules import MEMBERS, STAFF, Access, UndeclaredAccessError, rules
from gateway.settings import GatewaySettings


def application() -> FastAPI:
    return create_application(
        GatewaySettings(
            secret="s" * 32,
            nats_url="nats://127.0.0.1:1",
            sandbox_enabled=True,
            **{
                f"{name}_target": "unix:/nowhere"
                for name in ("identity", "catalog", "orders", "payments", "notifications")
            },
        )
    )


async def silent(_request: Any) -> None:
    """Says nothing of who may call it."""


@rules(Access.ACCOUNT)
async def for_accounts(_request: Any) -> None:
    """Says what a route without our class does not see to."""


@rules(Access.PUBLIC)
async def for_all(_socket: Any) -> None:
    """Says what no WebSocket may be."""


@pytest.mark.parametrize(
    "route",
    [
        lambda: APIRoute("/new", silent, response_model=None),
        lambda: WebSocketRoute("/ws/new", silent),
        lambda: Mount("/files", app=FastAPI()),
        lambda: APIRoute("/new", for_accounts, response_model=None),
        lambda: WebSocketRoute("/ws/new", for_accounts),
        lambda: WebSocketRoute("/ws/new", for_all),
    ],
)
def test_the_gateway_refuses_to_start_with_a_route_that_nobody_guards(
    route: Callable[[], Any],
) -> None:
    app = application()
    app.router.routes.append(route())
    with pytest.raises(UndeclaredAccessError):
        refuse_undeclared(app)


def test_an_operation_cannot_even_be_written_without_its_access() -> None:
    async def handler(request: ApiRequest) -> None: ...

    with pytest.raises(UndeclaredAccessError):
        ApiRoute("/v1/new", handler)


def test_rules_that_nobody_could_enforce_are_refused() -> None:
    with pytest.raises(UndeclaredAccessError):
        rules(Access.OPTIONAL, roles=STAFF)
    with pytest.raises(UndeclaredAccessError):
        rules(Access.SIGNATURE)
    with pytest.raises(UndeclaredAccessError):
        rules(Access.PUBLIC, signature="webhook-signature")
    with pytest.raises(UndeclaredAccessError):
        rules(Access.ACCOUNT, roles=STAFF, scope="payments:write")


def test_a_role_is_decided_here_only_where_no_seller_could_grant_it() -> None:
    buyer, operator = Actor("account", "usr_1"), Actor("account", "usr_1", roles=STAFF)
    reserved = rules(Access.ACCOUNT, roles=STAFF)
    assert reserved.refuses(buyer)
    assert not reserved.refuses(operator)
    assert not rules(Access.ACCOUNT, roles=STAFF, members=MEMBERS).refuses(buyer)
    assert not rules(Access.ACCOUNT).refuses(buyer)


def test_clients_can_read_who_may_call_what() -> None:
    operations = [
        operation
        for item in build_openapi(application())["paths"].values()
        for operation in item.values()
    ]
    for operation in operations:
        access = operation["x-soko-access"]
        public = access["who"] == "public"
        assert public is ("security" not in operation), operation["operationId"]
        reserved = {"roles", "seller_roles"} & access.keys()
        assert not reserved or {"401", "403"} <= operation["responses"].keys()
    by_name = {operation["operationId"]: operation for operation in operations}
    assert by_name["create_refund"]["x-soko-access"] == {
        "who": "account",
        "roles": ["admin", "operator"],
        "seller_roles": ["finance", "manager", "owner"],
        "step_up": True,
        "scope": "payments:write",
    }
    assert by_name["claim_cart"]["security"] == [
        {"bearer": [], "cartToken": []},
        {"apiKey": ["orders:write"], "cartToken": []},
    ]
    assert by_name["read_cart"]["security"] == [
        {"bearer": []},
        {"apiKey": ["orders:read"]},
        {"cartToken": []},
    ]
    assert by_name["create_cart"]["security"] == [
        {"bearer": []},
        {"apiKey": ["orders:write"]},
        {},
    ]
    assert by_name["receive_carrier_update"]["security"] == [{"carrierSignature": []}]
