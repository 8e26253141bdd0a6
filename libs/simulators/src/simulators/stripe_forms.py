"""Stripe's form encoding: ``metadata[attempt_id]=x`` and ``expand[0]=data.source`` are nested."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"\[([^\]]*)\]")


def parse_form(text: str) -> dict[str, Any]:
    """Return a form as nested dictionaries; lists become dictionaries by number."""
    form: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head = name.partition("[")[0]
        *path, last = [head, *_PART.findall(name)]
        place = form
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return form
