"""Pictures in an object store: a local folder, or whatever else obstore speaks to."""

from __future__ import annotations

import asyncio
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

from catalog.app.ports import Renditions
from chassis.database import Database

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_ETAG = "SELECT renditions ->> %(rendition)s AS etag FROM media WHERE id = %(id)s"


class ObjectMediaStore:
    """Keeps each rendition as one object, ``<media id>/<rendition>.webp`` below a URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _store(self) -> ObjectStore:
        """The store; loaded at the first picture, because obstore costs memory."""
        from obstore.store import from_url

        parts = urlsplit(self._url)
        if parts.scheme == "file":
            Path(unquote(parts.path)).mkdir(parents=True, exist_ok=True)
        return from_url(self._url)

    async def put(self, media_id: UUID, renditions: Renditions) -> None:
        """Store all renditions; doing so again replaces them."""
        import obstore

        await asyncio.gather(
            *(
                obstore.put_async(self._store, _key(media_id, name), content)
                for name, content in renditions.content.items()
            )
        )

    async def get(self, media_id: UUID, rendition: str) -> bytes | None:
        """Return a rendition, None if there is none."""
        import obstore

        try:
            found = await obstore.get_async(self._store, _key(media_id, rendition))
        except FileNotFoundError:
            return None
        return bytes(await found.bytes_async())


class PostgresMediaReader:
    """Reads what is known of pictures."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def etag(self, media_id: UUID, rendition: str) -> str | None:
        """Return a rendition's entity tag, None if there is no such picture."""
        row = await self._db.fetch_one(_ETAG, {"id": media_id, "rendition": rendition})
        etag: str | None = None if row is None else row["etag"]
        return etag


def _key(media_id: UUID, rendition: str) -> str:
    return f"{media_id.hex[:2]}/{media_id.hex}/{rendition}.webp"
