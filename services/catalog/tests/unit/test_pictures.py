"""Pictures: only what we encoded ourselves leaves the house."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from catalog.adapters.pictures import PictureRenderer, file_format, render
from catalog.domain.errors import MediaTooLarge, UnsupportedMedia


def picture(
    size: tuple[int, int], kind: str = "JPEG", mode: str = "RGB", **options: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 128).save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("WEBP", "RGB"),
    ],
)
def test_every_accepted_kind_becomes_three_webp_pictures(kind: str, mode: str) -> None:
    found = render(picture((3000, 1500), kind, mode), kind).content
    assert {name: opened(each).size for name, each in found.items()} == {
        "full": (1600, 800),
        "card": (600, 300),
        "thumb": (200, 100),
    }
    assert all(file_format(each) == "WEBP" for each in found.values())


def test_a_small_picture_is_not_blown_up() -> None:
    assert opened(render(picture((50, 40)), "JPEG").content["full"]).size == (50, 40)


def test_a_picture_is_turned_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "where I live"
    full = render(picture((400, 200), exif=exif), "JPEG").content["full"]
    assert opened(full).size == (200, 400)
    assert not opened(full).getexif()


def test_transparency_is_kept() -> None:
    assert opened(render(picture((10, 10), "PNG", "RGBA"), "PNG").content["full"]).mode == "RGBA"


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and has no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(8000, 8000), (60_000, 60_000), (40_000_001, 1)])
async def test_a_decompression_bomb_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(MediaTooLarge):
        await PictureRenderer()(bomb(*size))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg/>",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n garbage",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        picture((100, 100))[:200],
        b"\xff\xd8\xff" + picture((10, 10), "PNG"),
    ],
)
async def test_what_is_no_readable_picture_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        await PictureRenderer()(content)
