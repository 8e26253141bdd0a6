"""Pictures of the demo goods, drawn here: flat shapes on a soft ground, no two colours alike."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from devstack.demo.goods import DemoProduct

_SIZE = 480
Draw = ImageDraw.ImageDraw
Paint = tuple[int, int, int]


def picture(product: DemoProduct) -> bytes:
    """Return a square JPEG of a product."""
    ground = _paint(product.hue + 190, 0.16, 0.97)
    image = Image.new("RGB", (_SIZE, _SIZE), ground)
    draw = ImageDraw.Draw(image)
    draw.ellipse((70, 70, 410, 410), fill=_paint(product.hue + 190, 0.26, 0.92))
    draw.ellipse((120, 372, 360, 404), fill=_paint(product.hue + 190, 0.35, 0.80))
    main, dark = _paint(product.hue, 0.62, 0.80), _paint(product.hue, 0.70, 0.55)
    light = _paint(product.hue, 0.35, 0.95)
    _SHAPES.get(product.shape, _box)(draw, main, dark, light)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86)
    return out.getvalue()


def _paint(hue: float, saturation: float, value: float) -> Paint:
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _mug(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.ellipse((290, 200, 370, 310), outline=dark, width=18)
    draw.rounded_rectangle((140, 170, 310, 385), 26, fill=main)
    draw.ellipse((140, 152, 310, 192), fill=dark)
    draw.line((165, 215, 165, 340), fill=light, width=10)


def _bowl(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.pieslice((90, 90, 390, 390), 0, 180, fill=main)
    draw.ellipse((90, 208, 390, 272), fill=dark)
    draw.arc((120, 150, 360, 370), 30, 80, fill=light, width=10)
    draw.rectangle((190, 380, 290, 392), fill=dark)


def _pan(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((300, 255, 430, 285), 14, fill=dark)
    draw.ellipse((80, 160, 330, 380), fill=dark)
    draw.ellipse((104, 184, 306, 356), fill=main)
    draw.arc((124, 200, 286, 340), 190, 250, fill=light, width=10)


def _board(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((130, 110, 350, 390), 28, fill=main)
    draw.ellipse((222, 128, 258, 164), fill=dark)
    for top in (200, 250, 300, 350):
        draw.line((155, top, 325, top - 12), fill=light, width=6)


def _jar(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((150, 160, 330, 390), 34, fill=main)
    draw.rounded_rectangle((162, 118, 318, 166), 12, fill=dark)
    draw.rounded_rectangle((175, 230, 305, 330), 10, fill=light)
    draw.line((195, 262, 285, 262), fill=dark, width=8)
    draw.line((195, 290, 255, 290), fill=dark, width=8)


def _kettle(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.arc((150, 90, 330, 290), 180, 360, fill=dark, width=16)
    draw.polygon(((330, 250), (420, 190), (432, 206), (340, 320)), fill=dark)
    draw.pieslice((120, 150, 360, 430), 180, 360, fill=main)
    draw.rectangle((120, 288, 360, 388), fill=main)
    draw.ellipse((226, 136, 254, 164), fill=dark)
    draw.arc((145, 180, 335, 400), 200, 240, fill=light, width=10)


def _cloth(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    for index, top in enumerate((160, 230, 300)):
        draw.rounded_rectangle((110, top, 370, top + 76), 24, fill=(main, dark, light)[index])
        draw.line((130, top + 54, 350, top + 54), fill=(light, main, dark)[index], width=6)


def _tool(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((180, 200, 204, 395), 10, fill=dark)
    draw.ellipse((158, 110, 226, 220), fill=main)
    draw.rounded_rectangle((276, 200, 300, 395), 10, fill=dark)
    draw.ellipse((254, 110, 322, 220), fill=main)
    draw.ellipse((272, 130, 304, 190), fill=light)


def _bag(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((150, 130), (330, 130), (350, 392), (130, 392)), fill=main)
    draw.rectangle((150, 108, 330, 150), fill=dark)
    draw.rounded_rectangle((176, 220, 304, 330), 12, fill=light)
    draw.ellipse((212, 244, 268, 306), fill=dark)


def _shirt(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((160, 120), (80, 180), (112, 240), (160, 206)), fill=dark)
    draw.polygon(((320, 120), (400, 180), (368, 240), (320, 206)), fill=dark)
    draw.rounded_rectangle((156, 116, 324, 392), 16, fill=main)
    draw.pieslice((196, 84, 284, 152), 0, 180, fill=light)
    for top in (220, 270, 320):
        draw.ellipse((233, top, 247, top + 14), fill=light)


def _skirt(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((180, 120), (300, 120), (370, 392), (110, 392)), fill=main)
    draw.rectangle((176, 104, 304, 136), fill=dark)
    for left, foot in ((205, 165), (240, 240), (275, 315)):
        draw.line((left, 150, foot, 380), fill=light, width=8)


def _trousers(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((160, 110), (320, 110), (340, 392), (262, 392), (240, 220)), fill=main)
    draw.polygon(((160, 110), (240, 220), (218, 392), (140, 392)), fill=main)
    draw.rectangle((158, 100, 322, 130), fill=dark)
    draw.line((240, 130, 240, 220), fill=light, width=6)


def _rug(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rectangle((110, 110, 370, 390), fill=main)
    draw.rectangle((134, 134, 346, 366), outline=light, width=10)
    for top in (190, 250, 310):
        draw.polygon(((240, top - 34), (290, top), (240, top + 34), (190, top)), fill=dark)


def _basket(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.arc((150, 70, 330, 300), 180, 360, fill=dark, width=14)
    draw.polygon(((110, 190), (370, 190), (334, 390), (146, 390)), fill=main)
    for top in (220, 262, 304, 346):
        draw.line((124, top, 356, top), fill=light, width=10)
    draw.rectangle((104, 180, 376, 208), fill=dark)


def _lamp(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.line((240, 60, 240, 130), fill=dark, width=8)
    draw.rounded_rectangle((160, 130, 320, 360), 60, fill=main)
    draw.ellipse((196, 190, 284, 300), fill=light)
    draw.rectangle((176, 350, 304, 388), fill=dark)


def _box(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((120, 190, 360, 390), 18, fill=main)
    draw.rounded_rectangle((108, 150, 372, 216), 14, fill=dark)
    draw.rectangle((226, 190, 254, 390), fill=light)


def _pot(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    for tip in ((170, 70), (240, 40), (310, 70)):
        draw.polygon((tip, (222, 210), (258, 210)), fill=_paint(120, 0.5, 0.6))
    draw.polygon(((150, 220), (330, 220), (302, 390), (178, 390)), fill=main)
    draw.rectangle((138, 196, 342, 236), fill=dark)
    draw.line((190, 260, 204, 370), fill=light, width=8)


def _backpack(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.arc((200, 70, 280, 150), 180, 360, fill=dark, width=14)
    draw.rounded_rectangle((140, 110, 340, 392), 60, fill=main)
    draw.rounded_rectangle((164, 260, 316, 372), 24, fill=dark)
    draw.line((164, 300, 316, 300), fill=light, width=8)
    draw.line((180, 190, 300, 190), fill=light, width=8)


def _tent(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((240, 120), (400, 390), (80, 390)), fill=main)
    draw.polygon(((240, 200), (300, 390), (180, 390)), fill=dark)
    draw.line((240, 120, 240, 200), fill=light, width=8)


def _bottle(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((214, 90, 266, 140), 10, fill=dark)
    draw.polygon(((216, 136), (264, 136), (304, 200), (176, 200)), fill=main)
    draw.rounded_rectangle((176, 190, 304, 392), 22, fill=main)
    draw.rectangle((176, 250, 304, 330), fill=light)


def _panel(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((130, 140), (390, 140), (350, 360), (90, 360)), fill=dark)
    for step in range(1, 4):
        draw.line((130 + 65 * step, 140, 90 + 65 * step, 360), fill=light, width=5)
        draw.line((130 - 10 * step, 140 + 55 * step, 390 - 10 * step, 140 + 55 * step), main, 5)


def _headphones(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.arc((110, 100, 370, 420), 180, 360, fill=dark, width=22)
    for left in (100, 312):
        draw.rounded_rectangle((left, 240, left + 68, 372), 30, fill=main)
        draw.line((left + 34, 270, left + 34, 340), fill=light, width=8)


def _speaker(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((150, 100, 330, 392), 36, fill=main)
    draw.ellipse((190, 130, 290, 220), fill=dark)
    draw.ellipse((170, 230, 310, 366), fill=dark)
    draw.ellipse((215, 272, 265, 322), fill=light)


def _keyboard(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((80, 190, 400, 350), 20, fill=dark)
    for row in range(3):
        for column in range(7):
            left, top = 98 + column * 41, 208 + row * 44
            draw.rounded_rectangle((left, top, left + 34, top + 34), 6, fill=(main, light)[row % 2])


def _tablet(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((130, 100, 350, 392), 22, fill=dark)
    draw.rectangle((148, 122, 332, 364), fill=light)
    for top in (160, 200, 240, 280):
        draw.line((170, top, 310 - top // 8, top), fill=main, width=8)


def _book(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((136, 104, 352, 392), 12, fill=light)
    draw.rounded_rectangle((128, 96, 336, 384), 12, fill=main)
    draw.rectangle((128, 96, 164, 384), fill=dark)
    draw.rectangle((196, 160, 306, 180), fill=light)
    draw.rectangle((196, 200, 270, 214), fill=light)


def _envelope(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((90, 160, 390, 370), 12, fill=main)
    draw.polygon(((90, 164), (390, 164), (240, 290)), fill=dark)
    draw.ellipse((222, 254, 258, 290), fill=light)


def _train(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rectangle((110, 230, 300, 340), fill=main)
    draw.rectangle((270, 150, 370, 340), fill=dark)
    draw.rectangle((292, 176, 348, 230), fill=light)
    draw.rectangle((140, 180, 172, 236), fill=dark)
    for left in (124, 206, 296):
        draw.ellipse((left, 318, left + 68, 386), fill=light, outline=dark, width=10)


def _blocks(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((110, 270, 232, 392), 14, fill=main)
    draw.rounded_rectangle((246, 270, 368, 392), 14, fill=dark)
    draw.rounded_rectangle((178, 140, 300, 262), 14, fill=light, outline=main, width=10)


def _puzzle(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    for left, top, paint in (
        (110, 120, main),
        (242, 120, light),
        (110, 252, dark),
        (242, 252, main),
    ):
        draw.rounded_rectangle((left, top, left + 126, top + 126), 8, fill=paint)
    draw.ellipse((216, 160, 264, 208), fill=main)
    draw.ellipse((150, 226, 198, 274), fill=dark)


def _kite(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.polygon(((240, 80), (350, 200), (240, 340), (130, 200)), fill=main)
    draw.polygon(((240, 80), (350, 200), (240, 200)), fill=light)
    draw.line((240, 340, 280, 380, 250, 410), fill=dark, width=8)


def _cards(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((120, 150, 280, 380), 16, fill=dark)
    draw.rounded_rectangle((200, 120, 360, 350), 16, fill=main)
    draw.polygon(((280, 180), (320, 236), (280, 292), (240, 236)), fill=light)


def _soap(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.rounded_rectangle((100, 210, 380, 380), 60, fill=main)
    draw.rounded_rectangle((150, 250, 330, 340), 34, outline=dark, width=10)
    for left, top, size in ((130, 110, 60), (210, 80, 40), (280, 120, 76)):
        draw.ellipse((left, top, left + size, top + size), fill=light)


def _satchel(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.arc((160, 80, 320, 280), 180, 360, fill=dark, width=16)
    draw.rounded_rectangle((100, 180, 380, 390), 24, fill=main)
    draw.pieslice((100, 90, 380, 320), 0, 180, fill=dark)
    draw.rounded_rectangle((222, 290, 258, 340), 8, fill=light)


def _shoe(draw: Draw, main: Paint, dark: Paint, light: Paint) -> None:
    draw.pieslice((90, 200, 330, 440), 180, 360, fill=main)
    draw.rounded_rectangle((90, 306, 400, 372), 30, fill=main)
    draw.rounded_rectangle((90, 350, 404, 384), 16, fill=dark)
    draw.ellipse((130, 236, 240, 300), fill=light)


_SHAPES: Mapping[str, Callable[[Draw, Paint, Paint, Paint], None]] = {
    "mug": _mug,
    "bowl": _bowl,
    "pan": _pan,
    "board": _board,
    "jar": _jar,
    "kettle": _kettle,
    "cloth": _cloth,
    "tool": _tool,
    "bag": _bag,
    "shirt": _shirt,
    "skirt": _skirt,
    "trousers": _trousers,
    "rug": _rug,
    "basket": _basket,
    "lamp": _lamp,
    "box": _box,
    "pot": _pot,
    "backpack": _backpack,
    "tent": _tent,
    "bottle": _bottle,
    "panel": _panel,
    "headphones": _headphones,
    "speaker": _speaker,
    "keyboard": _keyboard,
    "tablet": _tablet,
    "book": _book,
    "envelope": _envelope,
    "train": _train,
    "blocks": _blocks,
    "puzzle": _puzzle,
    "kite": _kite,
    "cards": _cards,
    "soap": _soap,
    "satchel": _satchel,
    "shoe": _shoe,
}
