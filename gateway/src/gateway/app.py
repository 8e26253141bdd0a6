"""The ASGI application: routes, problem handlers, and the layers before them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import Mount, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.cursors import CursorCodec
from gateway.api import ApiRoute
from gateway.cached_reads import LIST_PATHS
from gateway.problem import install_problem_handlers
from gateway.routes import (
    api_keys,
    audit_log,
    carts,
    dead_letters,
    external_login,
    inventory,
    mailed_links,
    me,
    notifications,
    operations,
    orders,
    own_sessions,
    pages,
    payments,
    personal_data,
    products,
    provider_webhooks,
    second_factor,
    seller_money,
    sellers,
    sessions,
    shipments,
    sockets,
    timeline,
)
from gateway.rules import Access, UndeclaredAccessError, rules_of
from gateway.settings import GatewaySettings

VERSION = "0.1.0"
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_application(settings: GatewaySettings, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the application with every route; its state is filled by the lifespan."""
    app = FastAPI(
        title="Soko",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # The door makes spans and figures; FastAPI's own would cost every request a look.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.cursors = CursorCodec(*settings.secrets)
    app.state.websocket_origins = settings.socket_origins
    install_problem_handlers(app)
    # Routes are tried in order: the busiest first. They stand flat in the application's own
    # router, because each included router costs every request another match.
    routers: list[APIRouter] = [
        carts.router,
        products.router,
        orders.router,
        inventory.router,
        sessions.router,
        me.router,
        api_keys.router,
        mailed_links.router,
        personal_data.router,
        second_factor.router,
        own_sessions.router,
        payments.router,
        provider_webhooks.router,
        notifications.router,
        sellers.router,
        shipments.router,
        seller_money.router,
        timeline.router,
        external_login.router,
        external_login.identities_router,
        audit_log.router,
        operations.router,
        operations.ops_router,
        dead_letters.router,
        operations.keys_router,
        pages.router,
    ]
    # What is sold and how much is nobody else's business.
    routers.append(
        operations.staff_metrics_router if settings.production else operations.metrics_router
    )
    if settings.sandbox_enabled and not settings.production:
        routers.append(payments.sandbox_router)
    routes: list[Any] = [route for router in routers for route in router.routes]
    app.router.routes.extend([*routes, *sockets.routes, pages.assets])
    refuse_undeclared(app)
    return app


def refuse_undeclared(app: FastAPI) -> None:
    """Raise UndeclaredAccessError unless every route says who may call it and somebody sees to it.

    ``ApiRoute`` sees to all but tickets, a WebSocket's handler to tickets; other routes are public.
    """
    for route in app.router.routes:
        handler = route.app if isinstance(route, Mount) else getattr(route, "endpoint", route)
        access = rules_of(handler).access
        if isinstance(route, WebSocketRoute):
            enforced = access is Access.TICKET
        elif isinstance(route, ApiRoute):
            enforced = access is not Access.TICKET
        else:
            enforced = access is Access.PUBLIC
        if not enforced:
            raise UndeclaredAccessError(f"nothing sees to {access} of {handler!r}")


def direct_lists(app: FastAPI) -> dict[str, ASGIApp]:
    """Return what serves the paths of the cached lists, without the application's router."""
    return {
        route.path: partial(_serve, app, route)
        for route in app.router.routes
        if isinstance(route, ApiRoute)
        and route.path in LIST_PATHS
        and "GET" in (route.methods or ())
        and route.takes_request_alone
    }


async def _serve(app: FastAPI, route: ApiRoute, scope: Scope, receive: Receive, send: Send) -> None:
    scope["app"] = app
    await route.serve(scope, receive, send)
