"""Response models: they only document; trusted data is not validated on its way out."""

from __future__ import annotations

from gateway.documents import (
    catalog,
    identity,
    notifications,
    operations,
    orders,
    payments,
    values,
)
from gateway.documents.values import Document

_MODULES = (values, identity, catalog, orders, payments, notifications, operations)

DOCUMENTS: tuple[type[Document], ...] = tuple(
    dict.fromkeys(
        found
        for module in _MODULES
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Document) and found is not Document
    )
)
"""Every model that an operation may answer with."""
