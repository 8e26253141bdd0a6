"""The API keys of the caller's account."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import ApiKeyId
from gateway.bodies.identity import ApiKeyBody
from gateway.openapi import answers
from gateway.rendering import identity as render
from gateway.rules import Access, rules
from soko.identity.v1.api_key_pb2 import (
    CreateApiKeyRequest,
    ListApiKeysRequest,
    RevokeApiKeyRequest,
)

router = APIRouter(prefix="/v1/api-keys", tags=["Account"], route_class=ApiRoute)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    summary="Make an API key",
    responses=answers({201: "NewApiKey"}, {409: "too_many_api_keys"}),
)
@rules(Access.ACCOUNT, step_up=True)
async def create_api_key(request: ApiRequest, body: ApiKeyBody) -> Response:
    """Make a key that acts for the caller and its sellers, as far as its scopes go.

    Its `secret` is told this once; send it as `X-API-Key`. A key has none of the account's platform
    roles, and it cannot make keys or change passwords, second factors and sessions.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.api_keys.CreateApiKey,
        CreateApiKeyRequest(
            name=body.name, scopes=body.scopes, expires_in_days=body.expires_in_days
        ),
    )
    return request.answer(201, {**render.api_key(reply.api_key), "secret": reply.secret})


@router.get(
    "",
    response_class=Response,
    summary="List the API keys",
    responses=answers({200: "ApiKeys"}),
)
@rules(Access.ACCOUNT)
async def list_api_keys(request: ApiRequest) -> Response:
    """List the caller's keys that are not revoked, the newest first, without their secrets."""
    identity = request.backend.identity
    reply = await request.ask(
        identity, identity.api_keys.ListApiKeys, ListApiKeysRequest(), retry=True
    )
    keys = [render.api_key(each) for each in reply.api_keys]
    return request.answer(200, {"items": keys, "next_cursor": None})


@router.delete(
    "/{api_key_id}",
    status_code=204,
    response_class=Response,
    summary="Revoke an API key",
    responses=answers({204: ""}, {404: ""}),
)
@rules(Access.ACCOUNT)
async def revoke_api_key(request: ApiRequest, api_key_id: ApiKeyId) -> Response:
    """Revoke a key: it stops working at once, everywhere."""
    identity = request.backend.identity
    await request.ask(
        identity, identity.api_keys.RevokeApiKey, RevokeApiKeyRequest(api_key_id=api_key_id)
    )
    await request.app.state.sessions.announce(api_key_id)
    return request.nothing()
