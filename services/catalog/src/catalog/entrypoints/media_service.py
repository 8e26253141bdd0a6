"""MediaService: messages to use cases and back."""

from __future__ import annotations

from typing import Any

import grpc

from catalog.app.add_media import AddMedia, AddMediaHandler
from catalog.app.get_rendition import GetRendition, get_rendition
from catalog.app.ports import MediaReader, MediaStore
from catalog.entrypoints import reading
from chassis.context import current_actor
from chassis.database import Database
from chassis.idempotency import idempotent
from chassis.ids import format_id, parse_id
from soko.catalog.v1 import catalog_pb2, media_pb2_grpc
from soko.catalog.v1 import media_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]
_WEBP = "image/webp"


class MediaServicer(media_pb2_grpc.MediaServiceServicer):
    """Answers MediaService."""

    def __init__(
        self, db: Database, add: AddMediaHandler, reader: MediaReader, store: MediaStore
    ) -> None:
        self.db = db
        self._add = add
        self._reader = reader
        self._store = store

    @idempotent
    async def AddMedia(  # noqa: N802 - the names of RPCs are those of the contract
        self, request: pb.AddMediaRequest, context: Context
    ) -> pb.AddMediaResponse:
        """Add a picture."""
        media_id = reading.creation_id("media")
        await self._add(
            AddMedia(
                current_actor(),
                parse_id("prd", request.product_id),
                media_id,
                request.content,
                request.alt,
            )
        )
        return pb.AddMediaResponse(
            media=catalog_pb2.Media(id=format_id("med", media_id), alt=request.alt)
        )

    async def GetRendition(  # noqa: N802
        self, request: pb.GetRenditionRequest, context: Context
    ) -> pb.GetRenditionResponse:
        """Answer with a rendition's bytes."""
        found = await get_rendition(
            GetRendition(parse_id("med", request.id), request.rendition), self._reader, self._store
        )
        return pb.GetRenditionResponse(content=found.content, content_type=_WEBP, etag=found.etag)
