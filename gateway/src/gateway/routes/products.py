"""Products and variants."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from google.protobuf.struct_pb2 import Struct

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.catalog import (
    OptionBody,
    ProductBody,
    ProductPatch,
    VariantBody,
    VariantPatch,
)
from gateway.bodies.fields import (
    IsCurrencyOrEmpty,
    ProductId,
    ProductName,
    SellerName,
    VariantId,
)
from gateway.bodies.product_query import ProductQuery
from gateway.openapi import answers
from gateway.public import public_answer, read_public
from gateway.rendering import catalog as render
from gateway.rendering.values import given_money, to_money
from gateway.rules import EDITORS, Access, Key, rules
from soko.catalog.v1 import catalog_pb2
from soko.common.v1.page_pb2 import PageRequest

router = APIRouter(prefix="/v1", tags=["Catalogue"], route_class=ApiRoute)

CurrencyFilter = Annotated[
    str, IsCurrencyOrEmpty, Query(description="ISO 4217; the deployment's default without")
]


@router.get(
    "/products",
    response_class=Response,
    summary="List and search products",
    responses=answers({200: "Products"}, {400: "invalid_cursor"}, etag=True),
)
@rules(Access.PUBLIC, query=ProductQuery)
async def list_products(request: ApiRequest) -> Response:
    """List active products: filtered, searched, sorted, a page at a time."""
    query = request.query(ProductQuery)
    rating_min = query.rating_min
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.ListProducts,
        catalog_pb2.ListProductsRequest(
            page=PageRequest(limit=query.limit, cursor=query.cursor),
            query=query.q,
            category=query.category,
            seller=query.seller,
            min_price_minor=query.min_price_minor,
            max_price_minor=query.max_price_minor,
            currency=query.currency,
            in_stock=query.in_stock,
            rating_min_hundredths=None if rating_min is None else round(rating_min * 100),
            sort=query.sort,
            facets=query.facets,
        ),
        retry=True,
    )
    document: dict[str, Any] = {
        "items": [render.product_summary(item) for item in reply.items],
        "next_cursor": reply.next_cursor or None,
    }
    if query.facets:
        document["facets"] = {each.name: render.facet(each) for each in reply.facets}
    return public_answer(request, document)


@router.get(
    "/products/{id_or_slug}",
    response_class=Response,
    summary="Read a product",
    responses=answers({200: "Product"}, {401: "", 403: "insufficient_scope", 404: ""}, etag=True),
)
@rules(Access.PUBLIC, scope="catalog:read")
async def read_product(
    request: ApiRequest, id_or_slug: ProductName, currency: CurrencyFilter = ""
) -> Response:
    """Read a product. Drafts and archived ones are seen by members of their seller only."""
    catalog = request.backend.catalog
    reply = await read_public(
        request,
        catalog,
        catalog.catalog.GetProduct,
        catalog_pb2.GetProductRequest(id_or_slug=id_or_slug, currency=currency),
    )
    product = reply.product
    request.visit.cache_tag = product.id
    return public_answer(request, render.product(product), version=product.version)


@router.post(
    "/sellers/{id_or_slug}/products",
    status_code=201,
    response_class=Response,
    summary="Add a product",
    responses=answers(
        {201: "Product"}, {403: "", 404: "", 409: "sku_taken, slug_taken"}, etag=True
    ),
)
@rules(Access.ACCOUNT, members=EDITORS, key=Key.HONOURED, scope="catalog:write")
async def create_product(
    request: ApiRequest, id_or_slug: SellerName, body: ProductBody
) -> Response:
    """Add a product with its variants; members of the seller only."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.CreateProduct,
        catalog_pb2.CreateProductRequest(
            seller=id_or_slug,
            title=body.title,
            description=body.description,
            category_id=body.category_id,
            status=body.status or "",
            slug=body.slug or "",
            external_id=body.external_id or "",
            attributes=_struct(body.attributes) if body.attributes is not None else None,
            options=[_option(option) for option in body.options or []],
            variants=[_variant(variant) for variant in body.variants],
        ),
    )
    return await _product_answer(request, 201, reply.product)


@router.patch(
    "/products/{product_id}",
    response_class=Response,
    summary="Change a product",
    responses=answers(
        {200: "Product"}, {403: "", 404: "", 409: "slug_taken", 412: "stale_version"}, etag=True
    ),
)
@rules(Access.ACCOUNT, members=EDITORS, if_match=True, scope="catalog:write")
async def change_product(
    request: ApiRequest, product_id: ProductId, body: ProductPatch
) -> Response:
    """Change a product if it is still the one that was read; what is absent stays."""
    version = request.expected_version()
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.UpdateProduct,
        catalog_pb2.UpdateProductRequest(
            id=product_id,
            expected_version=version,
            title=body.title,
            description=body.description,
            category_id=body.category_id,
            status=body.status,
            slug=body.slug,
            external_id=body.external_id,
            attributes=_struct(body.attributes) if body.attributes is not None else None,
            options=[_option(option) for option in body.options or []],
            replace_options=body.options is not None,
        ),
    )
    return await _product_answer(request, 200, reply.product)


@router.delete(
    "/products/{product_id}",
    status_code=204,
    response_class=Response,
    summary="Archive a product",
    responses=answers({204: ""}, {403: "", 404: "", 412: "stale_version"}),
)
@rules(Access.ACCOUNT, members=EDITORS, if_match=False, scope="catalog:write")
async def archive_product(request: ApiRequest, product_id: ProductId) -> Response:
    """Archive a product: it is no longer for sale; past orders keep it."""
    version = request.expected_version()
    catalog = request.backend.catalog
    await request.ask(
        catalog,
        catalog.catalog.ArchiveProduct,
        catalog_pb2.ArchiveProductRequest(id=product_id, expected_version=version),
    )
    await request.app.state.freshness.product_changed(product_id)
    return request.nothing()


@router.post(
    "/products/{product_id}/variants",
    status_code=201,
    response_class=Response,
    summary="Add a variant",
    responses=answers({201: "Variant"}, {403: "", 404: "", 409: "sku_taken"}, etag=True),
)
@rules(Access.ACCOUNT, members=EDITORS, key=Key.HONOURED, scope="catalog:write")
async def add_variant(request: ApiRequest, product_id: ProductId, body: VariantBody) -> Response:
    """Add a variant to a product."""
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.AddVariant,
        catalog_pb2.AddVariantRequest(product_id=product_id, variant=_variant(body)),
    )
    await request.app.state.freshness.product_changed(product_id)
    return request.answer(
        201, render.variant(reply.variant), {"ETag": f'"{reply.product_version}"'}
    )


@router.patch(
    "/variants/{variant_id}",
    response_class=Response,
    summary="Change a variant",
    responses=answers(
        {200: "Variant"}, {403: "", 404: "", 409: "sku_taken", 412: "stale_version"}, etag=True
    ),
)
@rules(Access.ACCOUNT, members=EDITORS, if_match=False, scope="catalog:write")
async def change_variant(
    request: ApiRequest, variant_id: VariantId, body: VariantPatch
) -> Response:
    """Change a variant; each price replaces the one of its currency.

    `If-Match` names the product's version.
    """
    version = request.expected_version()
    catalog = request.backend.catalog
    reply = await request.ask(
        catalog,
        catalog.catalog.UpdateVariant,
        catalog_pb2.UpdateVariantRequest(
            id=variant_id,
            expected_version=version,
            sku=body.sku,
            title=body.title,
            prices=[given_money(price) for price in body.all_prices()],
            compare_at_price=to_money(body.compare_at_price),
            clear_compare_at_price="compare_at_price" in body.model_fields_set
            and body.compare_at_price is None,
            weight_g=body.weight_g,
            options=body.options or {},
            replace_options=body.options is not None,
        ),
    )
    await request.app.state.freshness.everything_changed()
    return request.answer(
        200, render.variant(reply.variant), {"ETag": f'"{reply.product_version}"'}
    )


@router.delete(
    "/variants/{variant_id}",
    status_code=204,
    response_class=Response,
    summary="Remove a variant",
    responses=answers({204: ""}, {403: "", 404: "", 409: "last_variant, stock_reserved"}),
)
@rules(Access.ACCOUNT, members=EDITORS, if_match=False, scope="catalog:write")
async def remove_variant(request: ApiRequest, variant_id: VariantId) -> Response:
    """Take a variant off sale."""
    version = request.expected_version()
    catalog = request.backend.catalog
    await request.ask(
        catalog,
        catalog.catalog.RemoveVariant,
        catalog_pb2.RemoveVariantRequest(id=variant_id, expected_version=version),
    )
    await request.app.state.freshness.everything_changed()
    return request.nothing()


async def _product_answer(
    request: ApiRequest, status: int, product: catalog_pb2.Product
) -> Response:
    await request.app.state.freshness.product_changed(product.id)
    extra = {"ETag": f'"{product.version}"'}
    if status == 201:
        extra["Location"] = f"/v1/products/{product.id}"
    return request.answer(status, render.product(product), extra)


def _struct(attributes: dict[str, Any]) -> Struct:
    struct = Struct()
    struct.update(attributes)
    return struct


def _option(body: OptionBody) -> catalog_pb2.ProductOption:
    return catalog_pb2.ProductOption(name=body.name, values=body.values)


def _variant(body: VariantBody) -> catalog_pb2.NewVariant:
    return catalog_pb2.NewVariant(
        sku=body.sku,
        title=body.title or "",
        options=body.options or {},
        prices=[given_money(price) for price in body.all_prices()],
        compare_at_price=to_money(body.compare_at_price),
        weight_g=body.weight_g,
    )
