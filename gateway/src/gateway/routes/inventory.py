"""Categories, stock and pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints
from starlette.datastructures import UploadFile

from chassis.errors import Violation, invalid
from gateway import headers
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.catalog import CategoryBody, CategoryPatch, StockBody
from gateway.bodies.fields import CategoryId, MediaId, ProductId, VariantId
from gateway.cache import etag_matches
from gateway.openapi import answers
from gateway.public import public_answer
from gateway.rendering import catalog as render
from gateway.rules import ADMIN, EDITORS, MEMBERS, SHIPPERS, Access, Key, rules
from gateway.security_headers import FOR_ANYBODY
from soko.catalog.v1 import catalog_pb2, inventory_pb2, media_pb2

router = APIRouter(prefix="/v1", tags=["Catalogue"], route_class=ApiRoute)

MAX_UPLOAD_BYTES = 3 * 1024 * 1024
_FORM_OVERHEAD_BYTES = 64 * 1024
_MAX_ALT = 300
_LocationQuery = Annotated[
    str,
    StringConstraints(pattern=r"^(loc_[0-7][0-9a-hjkmnp-tv-z]{25})?$"),
    Query(description="Id of the location; the seller's default one without"),
]


@router.get(
    "/categories",
    response_class=Response,
    summary="Read the category tree",
    responses=answers({200: "Categories"}, etag=True),
)
@rules(Access.PUBLIC)
async def list_categories(request: ApiRequest) -> Response:
    """Read every category with its subcategories, by name."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.ListCategories,
        catalog_pb2.ListCategoriesRequest(),
        retry=True,
    )
    return public_answer(request, {"items": [render.category(each) for each in reply.categories]})


@router.post(
    "/categories",
    status_code=201,
    response_class=Response,
    summary="Add a category",
    tags=["Administration"],
    responses=answers({201: "Category"}, {403: "", 409: "slug_taken"}),
)
@rules(Access.ACCOUNT, roles=ADMIN, key=Key.HONOURED)
async def create_category(request: ApiRequest, body: CategoryBody) -> Response:
    """Add a category; admins only."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.CreateCategory,
        catalog_pb2.CreateCategoryRequest(
            name=body.name, slug=body.slug or "", parent_id=body.parent_id or ""
        ),
    )
    await request.app.state.freshness.everything_changed()
    return request.answer(201, render.category(reply.category))


@router.patch(
    "/categories/{category_id}",
    response_class=Response,
    summary="Change a category",
    tags=["Administration"],
    responses=answers({200: "Category"}, {403: "", 404: "", 409: "slug_taken, category_cycle"}),
)
@rules(Access.ACCOUNT, roles=ADMIN)
async def change_category(
    request: ApiRequest, category_id: CategoryId, body: CategoryPatch
) -> Response:
    """Change a category; admins only. What is absent stays."""
    parent = (body.parent_id or "") if "parent_id" in body.model_fields_set else None
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.UpdateCategory,
        catalog_pb2.UpdateCategoryRequest(
            id=category_id, name=body.name, slug=body.slug, parent_id=parent
        ),
    )
    await request.app.state.freshness.everything_changed()
    return request.answer(200, render.category(reply.category))


@router.get(
    "/variants/{variant_id}/stock",
    response_class=Response,
    summary="Read the stock",
    tags=["Stock"],
    responses=answers({200: "Stock"}, {403: "", 404: ""}, etag=True),
)
@rules(Access.ACCOUNT, members=MEMBERS, scope="catalog:read")
async def read_stock(
    request: ApiRequest, variant_id: VariantId, location_id: _LocationQuery = ""
) -> Response:
    """Read the stock of a variant at a location; members of its seller only."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.inventory.GetStock,
        inventory_pb2.GetStockRequest(variant_id=variant_id, location_id=location_id),
        retry=True,
    )
    return request.answer(200, render.stock(reply.stock), {"ETag": f'"{reply.stock.version}"'})


@router.put(
    "/variants/{variant_id}/stock",
    response_class=Response,
    summary="Set the stock",
    tags=["Stock"],
    responses=answers(
        {200: "Stock"}, {403: "", 404: "", 409: "stock_reserved", 412: "stale_version"}, etag=True
    ),
)
@rules(Access.ACCOUNT, members=SHIPPERS, if_match=True, scope="catalog:write")
async def set_stock(request: ApiRequest, variant_id: VariantId, body: StockBody) -> Response:
    """Set what is physically there; the version is that of `on_hand` alone."""
    version = request.expected_version()
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.inventory.SetStock,
        inventory_pb2.SetStockRequest(
            variant_id=variant_id,
            location_id=body.location_id or "",
            on_hand=body.on_hand,
            expected_version=version,
        ),
    )
    return request.answer(200, render.stock(reply.stock), {"ETag": f'"{reply.stock.version}"'})


_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG or WebP, at most 3 MiB",
                        },
                        "alt": {
                            "type": "string",
                            "maxLength": _MAX_ALT,
                            "description": "Text for those who cannot see it",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "/products/{product_id}/media",
    status_code=201,
    response_class=Response,
    summary="Add a picture",
    openapi_extra=_UPLOAD,
    responses=answers({201: "Media"}, {403: "", 404: "", 413: "body_too_large", 415: ""}),
)
@rules(
    Access.ACCOUNT,
    members=EDITORS,
    key=Key.HONOURED,
    form=True,
    max_body_bytes=MAX_UPLOAD_BYTES + _FORM_OVERHEAD_BYTES,
    timeout_s=15.0,
    scope="catalog:write",
)
async def add_media(request: ApiRequest, product_id: ProductId) -> Response:
    """Add a picture to a product; members of its seller only."""
    content, alt = await _uploaded(request)
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.media.AddMedia,
        media_pb2.AddMediaRequest(product_id=product_id, content=content, alt=alt),
        timeout_s=14.0,
    )
    await request.app.state.freshness.product_changed(product_id)
    return request.answer(201, render.media(reply.media))


async def _uploaded(request: ApiRequest) -> tuple[bytes, str]:
    """Return the file and its text from a form.

    Raises ServiceError for a form without a file, with other fields, or with a bad text.
    """
    form = await request.form(max_files=1, max_fields=4)
    known = {"file", "alt"}
    unknown = [name for name in form if name not in known]
    if unknown:
        raise invalid(
            "unknown_field",
            "The form has a field that is not known.",
            [Violation("/" + name[:80], "This field is not known.") for name in unknown],
        )
    file, alt = form.get("file"), form.get("alt", "")
    if not isinstance(file, UploadFile):
        raise _bad_field("/file", "Send the picture as a file.")
    if not isinstance(alt, str) or len(alt) > _MAX_ALT or not alt.replace(" ", "x").isprintable():
        raise _bad_field("/alt", f"Send one line of at most {_MAX_ALT} characters.")
    content = await file.read()
    if not content:
        raise _bad_field("/file", "The file is empty.")
    return content, alt


def _bad_field(pointer: str, detail: str) -> Exception:
    return invalid("validation_failed", "The form is not valid.", [Violation(pointer, detail)])


@router.get(
    "/media/{media_id}/{rendition}",
    response_class=Response,
    summary="Get a picture",
    responses={
        200: {"description": "The picture", "content": {"image/*": {}}},
        **answers({}, {404: ""}),
    },
)
@rules(Access.PUBLIC)
async def get_rendition(
    request: ApiRequest, media_id: MediaId, rendition: Literal["thumb", "card", "full"]
) -> Response:
    """Get a picture in one of three sizes."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.media.GetRendition,
        media_pb2.GetRenditionRequest(id=media_id, rendition=rendition),
        retry=True,
    )
    etag = f'"{reply.etag}"'
    sent = {"ETag": etag, "Cache-Control": "public, max-age=86400", **FOR_ANYBODY}
    asked = headers.single(request.scope, b"if-none-match")
    if asked and etag_matches(asked.encode("latin-1"), etag.encode()):
        return Response(status_code=304, headers=sent)
    return Response(reply.content, 200, sent, reply.content_type)
