"""Prometheus' own programs, which come with Debian's package ``prometheus``."""

from __future__ import annotations

import os
import shutil
import warnings

import pytest


def program(name: str) -> str | None:
    """Return the path of a program; say loudly what to install without it, and fail in CI."""
    found = shutil.which(name)
    if found is None:
        advice = f"{name} is missing, so that alert rules go untested: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(advice)
        warnings.warn(advice, stacklevel=2)
    return found
