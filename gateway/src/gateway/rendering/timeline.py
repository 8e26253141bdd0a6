"""Histories of orders."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.rendering.values import Document, time
from soko.common.v1.timeline_pb2 import TimelineEntry


def timeline(entries: Sequence[TimelineEntry], placed_in: str) -> list[Document]:
    """Return entries in the order of their times.

    One without a trace of its own has that of the event it names, else the trace ``placed_in``.
    """
    traces = {
        each.detail["event_id"]: each.trace_id
        for each in entries
        if each.trace_id and "event_id" in each.detail
    }
    ordered = sorted(entries, key=lambda each: (each.at.seconds, each.at.nanos))
    return [_entry(each, traces, placed_in) for each in ordered]


def _entry(value: TimelineEntry, traces: dict[str, str], placed_in: str) -> Document:
    detail = dict(value.detail)
    document: Document = {"at": time(value.at), "kind": value.kind, "name": value.name}
    if value.status:
        document["status"] = value.status
    document["detail"] = detail
    document["trace_id"] = value.trace_id or traces.get(detail.get("event_id", ""), placed_in)
    return document
