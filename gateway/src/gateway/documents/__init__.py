"""Response models: they only document; trusted data is not validated on its way out."""

from __future__ import annotations

from gateway.documents import models

DOCUMENTS: tuple[type[models.Document], ...] = tuple(
    found
    for found in vars(models).values()
    if isinstance(found, type)
    and issubclass(found, models.Document)
    and found is not models.Document
)
"""Every model that an operation may answer with."""
