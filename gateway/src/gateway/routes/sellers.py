"""Sellers, their members and locations, and the roles of accounts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import AccountId, SellerName
from gateway.bodies.identity import (
    LocationBody,
    MemberBody,
    RolesBody,
    SellerBody,
    SellerPatch,
)
from gateway.openapi import answers
from gateway.rendering import catalog as render_catalog
from gateway.rendering import identity as render
from gateway.rules import ADMIN, EDITORS, MEMBERS, OWNERS, SHIPPERS, Access, Key, rules
from soko.catalog.v1.inventory_pb2 import CreateLocationRequest, ListLocationsRequest
from soko.identity.v1.account_pb2 import SetRolesRequest
from soko.identity.v1.seller_pb2 import (
    GetSellerRequest,
    ListMembersRequest,
    OpenSellerRequest,
    PutMemberRequest,
    RemoveMemberRequest,
    UpdateSellerRequest,
)

router = APIRouter(prefix="/v1", tags=["Sellers"], route_class=ApiRoute)


@router.post(
    "/sellers",
    status_code=201,
    response_class=Response,
    summary="Open a seller",
    responses=answers({201: "Seller"}, {409: ""}),
)
@rules(Access.ACCOUNT, key=Key.HONOURED)
async def open_seller(request: ApiRequest, body: SellerBody) -> Response:
    """Open a seller; the caller becomes its owner."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.sellers.OpenSeller,
        OpenSellerRequest(
            name=body.name,
            country=body.country,
            currency=body.currency,
            timezone=body.timezone or "",
        ),
    )
    return request.answer(201, render.seller(reply.seller))


@router.get(
    "/sellers/{id_or_slug}",
    response_class=Response,
    summary="Read a seller",
    responses=answers({200: "Seller"}, {404: ""}),
)
@rules(Access.PUBLIC)
async def read_seller(request: ApiRequest, id_or_slug: SellerName) -> Response:
    """Read what everybody may know of a seller."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.sellers.GetSeller,
        GetSellerRequest(id_or_slug=id_or_slug),
        retry=True,
    )
    return request.answer(200, render.seller(reply.seller))


@router.patch(
    "/sellers/{id_or_slug}",
    response_class=Response,
    summary="Change a seller",
    responses=answers({200: "Seller"}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, members=EDITORS)
async def change_seller(request: ApiRequest, id_or_slug: SellerName, body: SellerPatch) -> Response:
    """Change a seller's name or time zone; owners and managers."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.sellers.UpdateSeller,
        UpdateSellerRequest(id_or_slug=id_or_slug, name=body.name, timezone=body.timezone),
    )
    return request.answer(200, render.seller(reply.seller))


@router.get(
    "/sellers/{id_or_slug}/members",
    response_class=Response,
    summary="List the members",
    responses=answers({200: "Members"}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, members=MEMBERS)
async def list_members(request: ApiRequest, id_or_slug: SellerName) -> Response:
    """List a seller's members, owners first; members only."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.sellers.ListMembers,
        ListMembersRequest(id_or_slug=id_or_slug),
        retry=True,
    )
    members = [render.member(each) for each in reply.members]
    return request.answer(200, {"items": members, "next_cursor": None})


@router.post(
    "/sellers/{id_or_slug}/members",
    status_code=201,
    response_class=Response,
    summary="Add a member",
    responses=answers({201: "Member"}, {403: "", 404: "", 409: "last_owner"}),
)
@rules(Access.ACCOUNT, members=OWNERS, key=Key.HONOURED)
async def put_member(request: ApiRequest, id_or_slug: SellerName, body: MemberBody) -> Response:
    """Add a registered account to a seller, or change its role; owners only."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.sellers.PutMember,
        PutMemberRequest(id_or_slug=id_or_slug, email=body.email, role=body.role),
    )
    return request.answer(201, render.member(reply.member))


@router.delete(
    "/sellers/{id_or_slug}/members/{user_id}",
    status_code=204,
    response_class=Response,
    summary="Remove a member",
    responses=answers({204: ""}, {403: "", 404: "", 409: "last_owner"}),
)
@rules(Access.ACCOUNT, members=OWNERS)
async def remove_member(
    request: ApiRequest, id_or_slug: SellerName, user_id: AccountId
) -> Response:
    """Remove an account from a seller; owners only."""
    identity = request.backend.identity
    await request.ask(
        identity,
        identity.sellers.RemoveMember,
        RemoveMemberRequest(id_or_slug=id_or_slug, account_id=user_id),
    )
    return request.nothing()


@router.get(
    "/sellers/{id_or_slug}/locations",
    response_class=Response,
    summary="List the locations",
    responses=answers({200: "Locations"}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, members=MEMBERS, scope="catalog:read")
async def list_locations(request: ApiRequest, id_or_slug: SellerName) -> Response:
    """List the places that hold a seller's stock, the default one first."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.inventory.ListLocations,
        ListLocationsRequest(seller=id_or_slug),
        retry=True,
    )
    locations = [render_catalog.location(each) for each in reply.locations]
    return request.answer(200, {"items": locations, "next_cursor": None})


@router.post(
    "/sellers/{id_or_slug}/locations",
    status_code=201,
    response_class=Response,
    summary="Add a location",
    responses=answers({201: "Location"}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, members=SHIPPERS, key=Key.HONOURED, scope="catalog:write")
async def create_location(
    request: ApiRequest, id_or_slug: SellerName, body: LocationBody
) -> Response:
    """Add a place that holds stock."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.inventory.CreateLocation,
        CreateLocationRequest(seller=id_or_slug, name=body.name, country=body.country),
    )
    return request.answer(201, render_catalog.location(reply.location))


@router.put(
    "/admin/accounts/{account_id}/roles",
    response_class=Response,
    summary="Set an account's roles",
    tags=["Administration"],
    responses=answers({200: "Account"}, {403: "", 404: "", 409: "last_admin"}),
)
@rules(Access.ACCOUNT, roles=ADMIN)
async def set_roles(request: ApiRequest, account_id: AccountId, body: RolesBody) -> Response:
    """Replace the roles of an account; admins only."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.accounts.SetRoles,
        SetRolesRequest(account_id=account_id, roles=body.roles),
    )
    return request.answer(200, render.account(reply.account))
