"""CatalogService: messages to use cases and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import grpc

from catalog.app.add_variant import AddVariant, AddVariantHandler
from catalog.app.archive_product import ArchiveProduct, ArchiveProductHandler
from catalog.app.create_category import CreateCategory, CreateCategoryHandler
from catalog.app.create_product import CreateProduct, CreateProductHandler
from catalog.app.get_product import GetProduct, GetProductHandler
from catalog.app.get_variants import GetVariants, get_variants
from catalog.app.list_products import ListProducts, ListProductsHandler
from catalog.app.ports import CategoryReader, ProductReader
from catalog.app.remove_variant import RemoveVariant, RemoveVariantHandler
from catalog.app.update_category import UpdateCategory, UpdateCategoryHandler
from catalog.app.update_product import UpdateProduct, UpdateProductHandler
from catalog.app.update_variant import UpdateVariant, UpdateVariantHandler
from catalog.domain.errors import NotFound, ValidationFailed
from catalog.domain.product import ProductChanges, VariantChanges
from catalog.entrypoints import reading, showing
from chassis.context import current_actor
from chassis.database import Database
from chassis.errors import ServiceError
from chassis.idempotency import idempotent
from chassis.ids import format_id, parse_id
from soko.catalog.v1 import catalog_pb2 as pb
from soko.catalog.v1 import catalog_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class CatalogUseCases:
    """What CatalogService can do."""

    list_products: ListProductsHandler
    get_product: GetProductHandler
    create_product: CreateProductHandler
    update_product: UpdateProductHandler
    archive_product: ArchiveProductHandler
    add_variant: AddVariantHandler
    update_variant: UpdateVariantHandler
    remove_variant: RemoveVariantHandler
    create_category: CreateCategoryHandler
    update_category: UpdateCategoryHandler


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Answers CatalogService."""

    def __init__(
        self,
        db: Database,
        do: CatalogUseCases,
        products: ProductReader,
        categories: CategoryReader,
        default_currency: str,
    ) -> None:
        self.db = db
        self._do = do
        self._products = products
        self._categories = categories
        self._default_currency = default_currency

    async def ListCategories(  # noqa: N802 - the names of RPCs are those of the contract
        self, request: pb.ListCategoriesRequest, context: Context
    ) -> pb.ListCategoriesResponse:
        """Answer with the category tree."""
        tree = showing.category_tree(await self._categories.all())
        return pb.ListCategoriesResponse(categories=tree)

    @idempotent
    async def CreateCategory(  # noqa: N802
        self, request: pb.CreateCategoryRequest, context: Context
    ) -> pb.CreateCategoryResponse:
        """Add a category."""
        parent = request.parent_id
        created = await self._do.create_category(
            CreateCategory(
                actor=current_actor(),
                category_id=reading.creation_id("category"),
                name=request.name,
                slug=request.slug,
                parent_id=reading.reference("cat", parent, "/parent_id") if parent else None,
            )
        )
        return pb.CreateCategoryResponse(category=showing.category(created))

    async def UpdateCategory(  # noqa: N802
        self, request: pb.UpdateCategoryRequest, context: Context
    ) -> pb.UpdateCategoryResponse:
        """Change a category."""
        parent = request.parent_id
        changed = await self._do.update_category(
            UpdateCategory(
                actor=current_actor(),
                category_id=parse_id("cat", request.id),
                name=request.name if request.HasField("name") else None,
                slug=request.slug if request.HasField("slug") else None,
                parent_id=reading.reference("cat", parent, "/parent_id") if parent else None,
                to_top=request.HasField("parent_id") and not parent,
            )
        )
        return pb.UpdateCategoryResponse(category=showing.category(changed))

    async def ListProducts(  # noqa: N802
        self, request: pb.ListProductsRequest, context: Context
    ) -> pb.ListProductsResponse:
        """Answer with a page of products."""
        has = request.HasField
        found = await self._do.list_products(
            ListProducts(
                limit=request.page.limit,
                cursor=request.page.cursor,
                query=request.query,
                category=request.category,
                seller=request.seller,
                min_price_minor=request.min_price_minor if has("min_price_minor") else None,
                max_price_minor=request.max_price_minor if has("max_price_minor") else None,
                currency=request.currency,
                in_stock=request.in_stock,
                rating_min_hundredths=request.rating_min_hundredths
                if has("rating_min_hundredths")
                else None,
                sort=request.sort,
                facets=request.facets,
            )
        )
        return showing.product_list(found)

    async def GetProduct(  # noqa: N802
        self, request: pb.GetProductRequest, context: Context
    ) -> pb.GetProductResponse:
        """Answer with a product."""
        shown = await self._do.get_product(
            GetProduct(request.id_or_slug, request.currency, current_actor())
        )
        return pb.GetProductResponse(product=showing.product(shown.view, shown.currency))

    @idempotent
    async def CreateProduct(  # noqa: N802
        self, request: pb.CreateProductRequest, context: Context
    ) -> pb.CreateProductResponse:
        """Add a product."""
        product_id = reading.creation_id("product")
        category = request.category_id
        variants = [
            (reading.creation_id(f"variant {index}"), reading.new_variant(variant))
            for index, variant in enumerate(request.variants)
        ]
        fields = ProductChanges(
            title=request.title,
            description=request.description,
            category_id=reading.reference("cat", category, "/category_id") if category else None,
            status=request.status or None,
            slug=request.slug or None,
            external_id=request.external_id,
            attributes=reading.attributes(request.attributes),
            options=reading.options(request.options),
        )
        await self._do.create_product(
            CreateProduct(current_actor(), request.seller, product_id, fields, variants)
        )
        return pb.CreateProductResponse(product=await self._shown(product_id))

    async def UpdateProduct(  # noqa: N802
        self, request: pb.UpdateProductRequest, context: Context
    ) -> pb.UpdateProductResponse:
        """Change a product."""
        product_id = parse_id("prd", request.id)
        has = request.HasField
        category = request.category_id if has("category_id") else None
        changes = ProductChanges(
            title=request.title if has("title") else None,
            description=request.description if has("description") else None,
            category_id=None
            if category is None
            else reading.reference("cat", category, "/category_id"),
            status=request.status if has("status") else None,
            slug=request.slug if has("slug") else None,
            external_id=request.external_id if has("external_id") else None,
            attributes=reading.attributes(request.attributes) if has("attributes") else None,
            options=reading.options(request.options) if request.replace_options else None,
        )
        await self._do.update_product(
            UpdateProduct(current_actor(), product_id, _expected(request), changes)
        )
        return pb.UpdateProductResponse(product=await self._shown(product_id))

    async def ArchiveProduct(  # noqa: N802
        self, request: pb.ArchiveProductRequest, context: Context
    ) -> pb.ArchiveProductResponse:
        """Archive a product."""
        product_id = parse_id("prd", request.id)
        await self._do.archive_product(
            ArchiveProduct(current_actor(), product_id, _expected(request))
        )
        return pb.ArchiveProductResponse()

    @idempotent
    async def AddVariant(  # noqa: N802
        self, request: pb.AddVariantRequest, context: Context
    ) -> pb.AddVariantResponse:
        """Add a variant."""
        product_id = parse_id("prd", request.product_id)
        variant_id = reading.creation_id("variant")
        variant = reading.new_variant(request.variant)
        await self._do.add_variant(AddVariant(current_actor(), product_id, variant_id, variant))
        product = await self._shown(product_id)
        return pb.AddVariantResponse(
            variant=_variant(product, variant_id), product_version=product.version
        )

    async def UpdateVariant(  # noqa: N802
        self, request: pb.UpdateVariantRequest, context: Context
    ) -> pb.UpdateVariantResponse:
        """Change a variant."""
        variant_id = parse_id("var", request.id)
        has = request.HasField
        if request.clear_compare_at_price and has("compare_at_price"):
            raise ValidationFailed([("/compare_at_price", "is both new and taken away")])
        changes = VariantChanges(
            sku=request.sku if has("sku") else None,
            title=request.title if has("title") else None,
            prices=[reading.price(each) for each in request.prices],
            compare_at=reading.price(request.compare_at_price) if has("compare_at_price") else None,
            clear_compare_at=request.clear_compare_at_price,
            weight_g=request.weight_g if has("weight_g") else None,
            options=dict(request.options) if request.replace_options else None,
        )
        product_id = await self._do.update_variant(
            UpdateVariant(current_actor(), variant_id, _expected(request), changes)
        )
        product = await self._shown(product_id)
        return pb.UpdateVariantResponse(
            variant=_variant(product, variant_id), product_version=product.version
        )

    async def RemoveVariant(  # noqa: N802
        self, request: pb.RemoveVariantRequest, context: Context
    ) -> pb.RemoveVariantResponse:
        """Take a variant off sale."""
        variant_id = parse_id("var", request.id)
        await self._do.remove_variant(
            RemoveVariant(current_actor(), variant_id, _expected(request))
        )
        return pb.RemoveVariantResponse()

    async def GetVariants(  # noqa: N802
        self, request: pb.GetVariantsRequest, context: Context
    ) -> pb.GetVariantsResponse:
        """Answer with what a cart must know."""
        current_actor().require_service()
        asked = [_variant_id(text) for text in request.variant_ids]
        known = [variant_id for variant_id in asked if variant_id is not None]
        found = await get_variants(GetVariants(known), self._products)
        return pb.GetVariantsResponse(variants=[showing.cart_variant(each) for each in found])

    async def _shown(self, product_id: UUID) -> pb.Product:
        view = await self._products.view(product_id, "")
        if view is None:
            raise NotFound
        return showing.product(view, self._default_currency)


def _expected(
    request: pb.UpdateProductRequest
    | pb.ArchiveProductRequest
    | pb.UpdateVariantRequest
    | pb.RemoveVariantRequest,
) -> int | None:
    return request.expected_version if request.HasField("expected_version") else None


def _variant(product: pb.Product, variant_id: UUID) -> pb.Variant:
    text = format_id("var", variant_id)
    for variant in product.variants:
        if variant.id == text:
            return variant
    raise NotFound


def _variant_id(text: str) -> UUID | None:
    try:
        return parse_id("var", text)
    except ServiceError:
        return None
