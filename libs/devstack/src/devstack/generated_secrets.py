"""Secrets that a stack makes up for itself, once, in files that only its owner reads."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from devstack.replaced_file import replace_file


def secret(folder: Path, name: str) -> str:
    """Return a secret of 256 bits as URL-safe text, the same one each time."""
    return _kept(folder / name, lambda: secrets.token_urlsafe(32))


def key(folder: Path, name: str) -> str:
    """Return the base64 of 32 random bytes, the same ones each time.

    That is what an Ed25519 seed (RFC 8032) and an AES-256 key are made of.
    """
    return _kept(folder / name, lambda: base64.b64encode(os.urandom(32)).decode())


def _kept(path: Path, make: Callable[[], str]) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    value = make()
    replace_file(path, f"{value}\n".encode())
    return value
