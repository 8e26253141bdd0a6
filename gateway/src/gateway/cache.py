"""A bounded store of finished answers, and the rule that no stale one enters it."""

from __future__ import annotations

import gzip
import time
from collections import OrderedDict
from collections.abc import Sequence

Headers = list[tuple[bytes, bytes]]

MAX_AGE_S = 5.0
"""An answer is never older than this, whatever events were missed."""
_MAX_TOUCHED = 4096
_GZIP_LEVEL = 5
_GZIP_FROM_BYTES = 1024
_OVERHEAD_BYTES = 1024
"""What an entry takes besides its bodies, roughly."""


class Entry:
    """A 200 answer, ready to be sent as it is, compressed, or as 304."""

    __slots__ = ("_gzip", "body", "etag", "expires_at", "headers", "tag")

    def __init__(self, headers: Headers, body: bytes, tag: str) -> None:
        self.headers = headers
        self.body = body
        self.tag = tag
        self.etag = next((value for name, value in headers if name == b"etag"), b"")
        self.expires_at = time.monotonic() + MAX_AGE_S
        self._gzip: tuple[Headers, bytes] | None = None

    @property
    def size(self) -> int:
        """How many bytes it is counted as; the compressed body is about a fifth of the plain."""
        return len(self.body) * 5 // 4 + _OVERHEAD_BYTES

    def compressed(self) -> tuple[Headers, bytes]:
        """Return headers and body in gzip, made at the first call; plain if that is no gain."""
        if self._gzip is None:
            self._gzip = self._compress()
        return self._gzip

    def _compress(self) -> tuple[Headers, bytes]:
        if len(self.body) < _GZIP_FROM_BYTES:
            return self.headers, self.body
        body = gzip.compress(self.body, _GZIP_LEVEL, mtime=0)
        sent: Headers = [(b"content-encoding", b"gzip")]
        for name, value in self.headers:
            if name == b"content-length":
                sent.append((name, str(len(body)).encode()))
            elif name == b"etag":
                sent.append((name, value[:-1] + b'-gz"'))
            else:
                sent.append((name, value))
        return sent, body


def etag_matches(if_none_match: bytes, etag: bytes) -> bool:
    """Tell whether ``If-None-Match`` names an entity tag, plain or compressed (weak comparison)."""
    if if_none_match == etag:
        return True
    if if_none_match.strip() == b"*":
        return True
    zipped = etag[:-1] + b'-gz"'
    tags = [part.strip().removeprefix(b"W/") for part in if_none_match.split(b",")]
    return etag in tags or zipped in tags


class AnswerCache:
    """Answers by key, least recently used out first, bounded by bytes.

    An answer is kept only if nothing that it may show has changed since its making began:
    take ``now()`` before asking and give it to ``put``.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._keys_of_tag: dict[str, set[str]] = {}
        self._clock = 0
        self._listed_at = 0
        self._forgotten_at = 0
        self._touched: OrderedDict[str, int] = OrderedDict()

    def now(self) -> int:
        """Return the present point on the cache's own clock, which counts changes."""
        return self._clock

    def get(self, key: str) -> Entry | None:
        """Return the answer under a key unless it is missing or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: str, entry: Entry, began: int) -> bool:
        """Keep an answer whose making began at ``began``; tell whether it was still fresh."""
        changed = self._touched.get(entry.tag, 0) if entry.tag else self._listed_at
        if max(changed, self._forgotten_at) > began or entry.size > self._max_bytes:
            return False
        self._drop(key)
        self._entries[key] = entry
        self._bytes += entry.size
        self._keys_of_tag.setdefault(entry.tag, set()).add(key)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))
        return True

    def forget_tag(self, tag: str) -> None:
        """Forget every answer that shows one thing."""
        self._clock += 1
        self._touched[tag] = self._clock
        self._touched.move_to_end(tag)
        if len(self._touched) > _MAX_TOUCHED:
            _, oldest = self._touched.popitem(last=False)
            # What began before a change that is no longer remembered is not kept either.
            self._forgotten_at = max(self._forgotten_at, oldest)
        self._drop_all(self._keys_of_tag.get(tag, ()))

    def forget_lists(self) -> None:
        """Forget every answer that shows many things."""
        self._clock += 1
        self._listed_at = self._clock
        self._drop_all(self._keys_of_tag.get("", ()))

    def forget_all(self) -> None:
        """Forget everything."""
        self._clock += 1
        self._forgotten_at = self._clock
        self._entries.clear()
        self._keys_of_tag.clear()
        self._touched.clear()
        self._bytes = 0

    @property
    def size(self) -> int:
        """How many bytes the answers are counted as."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)

    def _drop_all(self, keys: Sequence[str] | set[str]) -> None:
        for key in list(keys):
            self._drop(key)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        keys = self._keys_of_tag.get(entry.tag)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._keys_of_tag[entry.tag]
