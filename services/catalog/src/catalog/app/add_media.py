"""Add a picture to a product."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import MediaStore, Render, UnitOfWork
from catalog.app.product_desk import ProductDesk
from catalog.domain.errors import MediaTooLarge, ValidationFailed
from catalog.domain.text import line_problem
from chassis.actor import Actor
from chassis.clock import Clock

MAX_BYTES = 3 * 1024 * 1024
MAX_PICTURES = 20
ALT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class AddMedia:
    """A file as it was uploaded, and the text for those who cannot see it."""

    actor: Actor
    product_id: UUID
    media_id: UUID
    content: bytes
    alt: str


class AddMediaHandler:
    """Does AddMedia: the uploaded bytes themselves are never kept, only pictures made of them."""

    def __init__(
        self,
        uow: UnitOfWork,
        desk: ProductDesk,
        store: MediaStore,
        render: Render,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._desk = desk
        self._store = store
        self._render = render
        self._clock = clock

    async def __call__(self, command: AddMedia) -> None:
        """Add the picture behind the others.

        Raises NotFound, RoleRequired, ValidationFailed, UnsupportedMedia, MediaTooLarge,
        TooManyMedia.
        """
        seller_id = await self._desk.may_edit(command.actor, command.product_id)
        if problem := line_problem(command.alt, ALT_LENGTH):
            raise ValidationFailed([("/alt", problem)])
        if len(command.content) > MAX_BYTES:
            raise MediaTooLarge
        renditions = await self._render(command.content)
        # Stored before it is known: a crash in between leaves a file that nobody refers to, the
        # other order a reference to no file.
        await self._store.put(command.media_id, renditions)
        etags = {
            name: hashlib.sha256(content).hexdigest()[:32]
            for name, content in renditions.content.items()
        }
        async with self._uow() as work:
            product = await work.products.lock(command.product_id, seller_id)
            product.picture_added(self._clock.now())
            await work.products.add_picture(
                product, command.media_id, command.alt, etags, MAX_PICTURES
            )
            await work.products.save(product)
