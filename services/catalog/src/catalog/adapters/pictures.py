"""Uploaded files become pictures that we made: decoded, turned upright, scaled, encoded anew.

Nothing of the file itself survives, so nothing that hides in one reaches a buyer.
"""

from __future__ import annotations

import asyncio
import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from catalog.app.ports import Renditions
from catalog.domain.errors import MediaTooLarge, UnsupportedMedia

if TYPE_CHECKING:
    from PIL import Image

CONTENT_TYPE = "image/webp"
MAX_PIXELS = 40_000_000
SIZES: Mapping[str, int] = {"full": 1600, "card": 600, "thumb": 200}
"""Longest edge of each rendition in pixels, largest first."""
_QUALITY = 80
_FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}


class PictureRenderer:
    """Makes renditions in a thread, one file at a time: a large one takes 200 MB for a moment."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Semaphore(1)

    async def __call__(self, content: bytes) -> Renditions:
        """Return WebP renditions; raises UnsupportedMedia and MediaTooLarge."""
        kind = file_format(content)
        if kind is None:
            raise UnsupportedMedia
        async with self._one_at_a_time:
            return await asyncio.to_thread(render, content, kind)


def file_format(content: bytes) -> str | None:
    """Return the format that a file's first bytes claim, None for one that is not accepted."""
    for magic, name in _FORMATS.items():
        if content.startswith(magic):
            return name
    return "WEBP" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def render(content: bytes, kind: str) -> Renditions:
    """Return WebP renditions of a file; blocks for as long as it takes.

    Raises UnsupportedMedia and MediaTooLarge.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=(kind,)) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise MediaTooLarge
                # A JPEG can be decoded at a half, a quarter or an eighth: less memory and time.
                opened.draft("RGB", (SIZES["full"], SIZES["full"]))
                upright = ImageOps.exif_transpose(opened)
                transparent = upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info
                picture = upright.convert("RGBA" if transparent else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaTooLarge from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise UnsupportedMedia from None
    return Renditions(CONTENT_TYPE, _scale(picture))


def _scale(picture: Image.Image) -> dict[str, bytes]:
    """Return each rendition, made of the next larger one."""
    found: dict[str, bytes] = {}
    for name, edge in SIZES.items():
        picture.thumbnail((edge, edge))
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=_QUALITY, method=2)
        found[name] = out.getvalue()
    return found
