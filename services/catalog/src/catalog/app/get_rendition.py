"""Read a picture in one of its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import MediaReader, MediaStore
from catalog.domain.errors import NotFound

RENDITIONS = frozenset({"thumb", "card", "full"})


@dataclass(frozen=True, slots=True)
class GetRendition:
    """Which picture, and which size of it."""

    media_id: UUID
    rendition: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """Encoded bytes and their entity tag."""

    content: bytes
    etag: str


async def get_rendition(query: GetRendition, reader: MediaReader, store: MediaStore) -> Rendition:
    """Return the bytes; raises NotFound."""
    if query.rendition not in RENDITIONS:
        raise NotFound
    etag = await reader.etag(query.media_id, query.rendition)
    content = await store.get(query.media_id, query.rendition) if etag else None
    if etag is None or content is None:
        raise NotFound
    return Rendition(content, etag)
