"""The caller's own account."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.identity import DeletionBody, MePatch
from gateway.openapi import answers
from gateway.rendering import identity as render
from gateway.rules import Access, rules
from soko.identity.v1.account_pb2 import DeleteAccountRequest, GetMeRequest, UpdateMeRequest

router = APIRouter(prefix="/v1/me", tags=["Account"], route_class=ApiRoute)


@router.get(
    "",
    response_class=Response,
    summary="Read the account",
    responses=answers({200: "Account"}),
)
@rules(Access.ACCOUNT)
async def read_me(request: ApiRequest) -> Response:
    """Read the caller's account with its roles and sellers."""
    identity = request.backend.identity
    reply = await request.ask(identity, identity.accounts.GetMe, GetMeRequest(), retry=True)
    return request.answer(200, render.account(reply.account))


@router.delete(
    "",
    status_code=204,
    response_class=Response,
    summary="Delete the account",
    responses=answers(
        {204: ""},
        {401: "invalid_credentials", 403: "step_up_required", 409: "sole_owner, last_admin"},
    ),
)
@rules(Access.ACCOUNT, step_up=True)
async def delete_me(request: ApiRequest, body: DeletionBody | None = None) -> Response:
    """Delete the caller's account for good; its sessions and API keys end.

    It needs the password, or a step-up. Personal data are erased everywhere; those of orders under
    way when the orders are over. Who owns a seller alone makes somebody else its owner first.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.accounts.DeleteAccount,
        DeleteAccountRequest(password=body.password if body else ""),
    )
    for ended in (*reply.session_ids, *reply.api_key_ids):
        await request.app.state.sessions.announce(ended)
    return request.nothing()


@router.patch(
    "",
    response_class=Response,
    summary="Change the account",
    responses=answers({200: "Account"}),
)
@rules(Access.ACCOUNT)
async def change_me(request: ApiRequest, body: MePatch) -> Response:
    """Change the caller's name or locale; what is absent stays."""
    identity = request.backend.identity
    reply = await request.ask(
        identity, identity.accounts.UpdateMe, UpdateMeRequest(name=body.name, locale=body.locale)
    )
    return request.answer(200, render.account(reply.account))
