import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from soko.common.v1 import money_pb2 as _money_pb2
from soko.common.v1 import page_pb2 as _page_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Category(_message.Message):
    __slots__ = ("id", "name", "slug", "children")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    slug: str
    children: _containers.RepeatedCompositeFieldContainer[Category]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., children: _Optional[_Iterable[_Union[Category, _Mapping]]] = ...) -> None: ...

class ProductSeller(_message.Message):
    __slots__ = ("id", "name", "slug")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    slug: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ...) -> None: ...

class ProductOption(_message.Message):
    __slots__ = ("name", "values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ...) -> None: ...

class Media(_message.Message):
    __slots__ = ("id", "alt")
    ID_FIELD_NUMBER: _ClassVar[int]
    ALT_FIELD_NUMBER: _ClassVar[int]
    id: str
    alt: str
    def __init__(self, id: _Optional[str] = ..., alt: _Optional[str] = ...) -> None: ...

class Rating(_message.Message):
    __slots__ = ("average_hundredths", "count")
    AVERAGE_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    average_hundredths: int
    count: int
    def __init__(self, average_hundredths: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class Variant(_message.Message):
    __slots__ = ("id", "sku", "title", "options", "price", "compare_at_price", "weight_g", "available", "prices")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    COMPARE_AT_PRICE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_G_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    id: str
    sku: str
    title: str
    options: _containers.ScalarMap[str, str]
    price: _money_pb2.Money
    compare_at_price: _money_pb2.Money
    weight_g: int
    available: int
    prices: _containers.RepeatedCompositeFieldContainer[_money_pb2.Money]
    def __init__(self, id: _Optional[str] = ..., sku: _Optional[str] = ..., title: _Optional[str] = ..., options: _Optional[_Mapping[str, str]] = ..., price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., compare_at_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., weight_g: _Optional[int] = ..., available: _Optional[int] = ..., prices: _Optional[_Iterable[_Union[_money_pb2.Money, _Mapping]]] = ...) -> None: ...

class Product(_message.Message):
    __slots__ = ("id", "slug", "title", "description", "status", "seller", "category", "options", "variants", "media", "attributes", "rating", "created_at", "updated_at", "version", "external_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SELLER_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    slug: str
    title: str
    description: str
    status: str
    seller: ProductSeller
    category: Category
    options: _containers.RepeatedCompositeFieldContainer[ProductOption]
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    media: _containers.RepeatedCompositeFieldContainer[Media]
    attributes: _struct_pb2.Struct
    rating: Rating
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    external_id: str
    def __init__(self, id: _Optional[str] = ..., slug: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., status: _Optional[str] = ..., seller: _Optional[_Union[ProductSeller, _Mapping]] = ..., category: _Optional[_Union[Category, _Mapping]] = ..., options: _Optional[_Iterable[_Union[ProductOption, _Mapping]]] = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ..., media: _Optional[_Iterable[_Union[Media, _Mapping]]] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., rating: _Optional[_Union[Rating, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., external_id: _Optional[str] = ...) -> None: ...

class ProductSummary(_message.Message):
    __slots__ = ("id", "slug", "title", "seller", "price_from", "media", "rating", "available")
    ID_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SELLER_FIELD_NUMBER: _ClassVar[int]
    PRICE_FROM_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    id: str
    slug: str
    title: str
    seller: ProductSeller
    price_from: _money_pb2.Money
    media: Media
    rating: Rating
    available: bool
    def __init__(self, id: _Optional[str] = ..., slug: _Optional[str] = ..., title: _Optional[str] = ..., seller: _Optional[_Union[ProductSeller, _Mapping]] = ..., price_from: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., media: _Optional[_Union[Media, _Mapping]] = ..., rating: _Optional[_Union[Rating, _Mapping]] = ..., available: _Optional[bool] = ...) -> None: ...

class ListCategoriesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCategoriesResponse(_message.Message):
    __slots__ = ("categories",)
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedCompositeFieldContainer[Category]
    def __init__(self, categories: _Optional[_Iterable[_Union[Category, _Mapping]]] = ...) -> None: ...

class CreateCategoryRequest(_message.Message):
    __slots__ = ("name", "slug", "parent_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    slug: str
    parent_id: str
    def __init__(self, name: _Optional[str] = ..., slug: _Optional[str] = ..., parent_id: _Optional[str] = ...) -> None: ...

class CreateCategoryResponse(_message.Message):
    __slots__ = ("category",)
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    category: Category
    def __init__(self, category: _Optional[_Union[Category, _Mapping]] = ...) -> None: ...

class UpdateCategoryRequest(_message.Message):
    __slots__ = ("id", "name", "slug", "parent_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    slug: str
    parent_id: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., parent_id: _Optional[str] = ...) -> None: ...

class UpdateCategoryResponse(_message.Message):
    __slots__ = ("category",)
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    category: Category
    def __init__(self, category: _Optional[_Union[Category, _Mapping]] = ...) -> None: ...

class ListProductsRequest(_message.Message):
    __slots__ = ("page", "query", "category", "seller", "min_price_minor", "max_price_minor", "currency", "in_stock", "rating_min_hundredths", "sort", "facets")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SELLER_FIELD_NUMBER: _ClassVar[int]
    MIN_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    MAX_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    IN_STOCK_FIELD_NUMBER: _ClassVar[int]
    RATING_MIN_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    page: _page_pb2.PageRequest
    query: str
    category: str
    seller: str
    min_price_minor: int
    max_price_minor: int
    currency: str
    in_stock: bool
    rating_min_hundredths: int
    sort: str
    facets: bool
    def __init__(self, page: _Optional[_Union[_page_pb2.PageRequest, _Mapping]] = ..., query: _Optional[str] = ..., category: _Optional[str] = ..., seller: _Optional[str] = ..., min_price_minor: _Optional[int] = ..., max_price_minor: _Optional[int] = ..., currency: _Optional[str] = ..., in_stock: _Optional[bool] = ..., rating_min_hundredths: _Optional[int] = ..., sort: _Optional[str] = ..., facets: _Optional[bool] = ...) -> None: ...

class FacetValue(_message.Message):
    __slots__ = ("value", "label", "count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    value: str
    label: str
    count: int
    def __init__(self, value: _Optional[str] = ..., label: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class Facet(_message.Message):
    __slots__ = ("name", "values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedCompositeFieldContainer[FacetValue]
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[_Union[FacetValue, _Mapping]]] = ...) -> None: ...

class ListProductsResponse(_message.Message):
    __slots__ = ("items", "next_cursor", "facets")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ProductSummary]
    next_cursor: str
    facets: _containers.RepeatedCompositeFieldContainer[Facet]
    def __init__(self, items: _Optional[_Iterable[_Union[ProductSummary, _Mapping]]] = ..., next_cursor: _Optional[str] = ..., facets: _Optional[_Iterable[_Union[Facet, _Mapping]]] = ...) -> None: ...

class GetProductRequest(_message.Message):
    __slots__ = ("id_or_slug", "currency")
    ID_OR_SLUG_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    id_or_slug: str
    currency: str
    def __init__(self, id_or_slug: _Optional[str] = ..., currency: _Optional[str] = ...) -> None: ...

class GetProductResponse(_message.Message):
    __slots__ = ("product",)
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    product: Product
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ...) -> None: ...

class NewVariant(_message.Message):
    __slots__ = ("sku", "title", "options", "prices", "compare_at_price", "weight_g")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SKU_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    COMPARE_AT_PRICE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_G_FIELD_NUMBER: _ClassVar[int]
    sku: str
    title: str
    options: _containers.ScalarMap[str, str]
    prices: _containers.RepeatedCompositeFieldContainer[_money_pb2.Money]
    compare_at_price: _money_pb2.Money
    weight_g: int
    def __init__(self, sku: _Optional[str] = ..., title: _Optional[str] = ..., options: _Optional[_Mapping[str, str]] = ..., prices: _Optional[_Iterable[_Union[_money_pb2.Money, _Mapping]]] = ..., compare_at_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., weight_g: _Optional[int] = ...) -> None: ...

class CreateProductRequest(_message.Message):
    __slots__ = ("seller", "title", "description", "category_id", "status", "slug", "external_id", "attributes", "options", "variants")
    SELLER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    seller: str
    title: str
    description: str
    category_id: str
    status: str
    slug: str
    external_id: str
    attributes: _struct_pb2.Struct
    options: _containers.RepeatedCompositeFieldContainer[ProductOption]
    variants: _containers.RepeatedCompositeFieldContainer[NewVariant]
    def __init__(self, seller: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., category_id: _Optional[str] = ..., status: _Optional[str] = ..., slug: _Optional[str] = ..., external_id: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., options: _Optional[_Iterable[_Union[ProductOption, _Mapping]]] = ..., variants: _Optional[_Iterable[_Union[NewVariant, _Mapping]]] = ...) -> None: ...

class CreateProductResponse(_message.Message):
    __slots__ = ("product",)
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    product: Product
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ...) -> None: ...

class UpdateProductRequest(_message.Message):
    __slots__ = ("id", "expected_version", "title", "description", "category_id", "status", "slug", "external_id", "attributes", "options", "replace_options")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    expected_version: int
    title: str
    description: str
    category_id: str
    status: str
    slug: str
    external_id: str
    attributes: _struct_pb2.Struct
    options: _containers.RepeatedCompositeFieldContainer[ProductOption]
    replace_options: bool
    def __init__(self, id: _Optional[str] = ..., expected_version: _Optional[int] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., category_id: _Optional[str] = ..., status: _Optional[str] = ..., slug: _Optional[str] = ..., external_id: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., options: _Optional[_Iterable[_Union[ProductOption, _Mapping]]] = ..., replace_options: _Optional[bool] = ...) -> None: ...

class UpdateProductResponse(_message.Message):
    __slots__ = ("product",)
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    product: Product
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ...) -> None: ...

class ArchiveProductRequest(_message.Message):
    __slots__ = ("id", "expected_version")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    expected_version: int
    def __init__(self, id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class ArchiveProductResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AddVariantRequest(_message.Message):
    __slots__ = ("product_id", "variant")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    variant: NewVariant
    def __init__(self, product_id: _Optional[str] = ..., variant: _Optional[_Union[NewVariant, _Mapping]] = ...) -> None: ...

class AddVariantResponse(_message.Message):
    __slots__ = ("variant", "product_version")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_VERSION_FIELD_NUMBER: _ClassVar[int]
    variant: Variant
    product_version: int
    def __init__(self, variant: _Optional[_Union[Variant, _Mapping]] = ..., product_version: _Optional[int] = ...) -> None: ...

class UpdateVariantRequest(_message.Message):
    __slots__ = ("id", "expected_version", "sku", "title", "prices", "compare_at_price", "clear_compare_at_price", "weight_g", "options", "replace_options")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    COMPARE_AT_PRICE_FIELD_NUMBER: _ClassVar[int]
    CLEAR_COMPARE_AT_PRICE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_G_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    expected_version: int
    sku: str
    title: str
    prices: _containers.RepeatedCompositeFieldContainer[_money_pb2.Money]
    compare_at_price: _money_pb2.Money
    clear_compare_at_price: bool
    weight_g: int
    options: _containers.ScalarMap[str, str]
    replace_options: bool
    def __init__(self, id: _Optional[str] = ..., expected_version: _Optional[int] = ..., sku: _Optional[str] = ..., title: _Optional[str] = ..., prices: _Optional[_Iterable[_Union[_money_pb2.Money, _Mapping]]] = ..., compare_at_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., clear_compare_at_price: _Optional[bool] = ..., weight_g: _Optional[int] = ..., options: _Optional[_Mapping[str, str]] = ..., replace_options: _Optional[bool] = ...) -> None: ...

class UpdateVariantResponse(_message.Message):
    __slots__ = ("variant", "product_version")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_VERSION_FIELD_NUMBER: _ClassVar[int]
    variant: Variant
    product_version: int
    def __init__(self, variant: _Optional[_Union[Variant, _Mapping]] = ..., product_version: _Optional[int] = ...) -> None: ...

class RemoveVariantRequest(_message.Message):
    __slots__ = ("id", "expected_version")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    expected_version: int
    def __init__(self, id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class RemoveVariantResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetVariantsRequest(_message.Message):
    __slots__ = ("variant_ids", "currency")
    VARIANT_IDS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    variant_ids: _containers.RepeatedScalarFieldContainer[str]
    currency: str
    def __init__(self, variant_ids: _Optional[_Iterable[str]] = ..., currency: _Optional[str] = ...) -> None: ...

class CartVariant(_message.Message):
    __slots__ = ("variant_id", "product_id", "seller_id", "seller_name", "title", "sku", "category_id", "prices", "available", "for_sale")
    VARIANT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    FOR_SALE_FIELD_NUMBER: _ClassVar[int]
    variant_id: str
    product_id: str
    seller_id: str
    seller_name: str
    title: str
    sku: str
    category_id: str
    prices: _containers.RepeatedCompositeFieldContainer[_money_pb2.Money]
    available: int
    for_sale: bool
    def __init__(self, variant_id: _Optional[str] = ..., product_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., seller_name: _Optional[str] = ..., title: _Optional[str] = ..., sku: _Optional[str] = ..., category_id: _Optional[str] = ..., prices: _Optional[_Iterable[_Union[_money_pb2.Money, _Mapping]]] = ..., available: _Optional[int] = ..., for_sale: _Optional[bool] = ...) -> None: ...

class GetVariantsResponse(_message.Message):
    __slots__ = ("variants",)
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    variants: _containers.RepeatedCompositeFieldContainer[CartVariant]
    def __init__(self, variants: _Optional[_Iterable[_Union[CartVariant, _Mapping]]] = ...) -> None: ...
