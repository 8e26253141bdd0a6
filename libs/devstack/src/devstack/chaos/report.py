"""A run's report: one HTML file that needs no network, and the same facts as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from devstack.chaos.pictures import Timeline
from devstack.chaos.session import Result
from devstack.chaos.summary import facts

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667; --paper: #fbfbf8; --card: #fff;
  --line: #e3e3dc; --good: #2f8f6b; --warm: #d9a441; --bad: #c2453d; --cool: #3b6fb5;
  --shade: #c2453d1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ee; --soft: #9aa0b0; --paper: #14161c;
  --card: #1c1f28; --line: #2e323e; --good: #4fc796; --warm: #e6bd66; --bad: #f0776d;
  --cool: #7fb0f5; --shade: #f0776d26; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; color: var(--soft); }
.verdict { display: inline-block; margin: .75rem 0 1.25rem; padding: .3rem .8rem;
  border-radius: 1rem; font-weight: 600; color: var(--card); background: var(--good); }
.verdict.bad { background: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem;
  margin: 0 0 1.5rem; }
dt { color: var(--soft); } dd { margin: 0; }
figure { margin: 0 0 1rem; padding: .8rem 1rem .4rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; }
figcaption { font-weight: 600; margin-bottom: .25rem; }
svg { width: 100%; height: auto; display: block; font: 11px system-ui, sans-serif; }
.placed { fill: var(--good); } .refused { fill: var(--warm); } .fault { fill: var(--bad); }
.shade { fill: var(--shade); } .grid { stroke: var(--line); }
.lane { text-anchor: end; fill: var(--soft); } .time { text-anchor: middle; fill: var(--soft); }
polyline { fill: none; stroke-width: 1.6; } polyline.median { stroke: var(--cool); }
polyline.worst { stroke: var(--warm); } circle.median { fill: var(--cool); }
circle.worst { fill: var(--warm); }
.legend span { margin-right: 1.2rem; } .legend i { display: inline-block; width: .8em; height: .8em;
  margin-right: .4em; border-radius: .2em; vertical-align: -.05em; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; }
li { margin: .2rem 0; }
"""
_LEGEND = (
    ("good", "placed"),
    ("warm", "refused as it should be; worst wait"),
    ("cool", "median wait"),
    ("bad", "fault"),
)


def write_report(result: Result, folder: Path) -> Path:
    """Write report and JSON; return the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{result.plan}-{result.seed}"
    (folder / f"{name}.json").write_text(json.dumps(_document(result), indent=1) + "\n")
    page = folder / f"{name}.html"
    page.write_text(_page(result))
    return page


def _document(result: Result) -> dict[str, object]:
    return {
        "plan": result.plan,
        "seed": result.seed,
        "lasted_s": round(result.lasted_s, 1),
        "orders": Counter(result.statuses.values()),
        "buyers": Counter(each.kind for each in result.purchases),
        "answers": sum((each.answers for each in result.purchases), Counter[str]()),
        "converged_s": [round(each, 1) for each in result.converged_s],
        "faults": [asdict(each) for each in result.happened],
        "cells": result.cells,
        "findings": result.findings,
    }


def _page(result: Result) -> str:
    timeline = Timeline(result)
    verdict = f"{len(result.findings)} violations" if result.findings else "No violation"
    bad = " bad" if result.findings else ""
    replay = f"./soko chaos --plan {result.plan} --seed {result.seed} {result.length}"
    legend = "".join(
        f'<span><i style="background:var(--{colour})"></i>{text}</span>' for colour, text in _LEGEND
    )
    rows = "".join(f"<dt>{escape(t)}</dt><dd>{escape(v)}</dd>" for t, v in facts(result))
    title = f"Chaos: {result.plan}, seed {result.seed}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>Replay the same faults with <code>{escape(replay)}</code></p>"
        f'<div class="verdict{bad}">{verdict}</div>{_findings(result)}<dl>{rows}</dl>'
        f'<p class="legend">{legend}</p>'
        f"{timeline.throughput()}{timeline.latency()}{timeline.faults()}"
        f"{_cells(result)}{_buyers(result)}{_happened(result)}</body></html>\n"
    )


def _findings(result: Result) -> str:
    if not result.findings:
        return ""
    items = "".join(f"<li>{escape(each)}</li>" for each in result.findings)
    return f"<h2>What is wrong</h2><ul>{items}</ul>"


def _cells(result: Result) -> str:
    rows = [(cell, str(count)) for cell, count in sorted(result.cells.items())]
    return _table("Killed at", ("Failpoint", "Times"), rows) if rows else ""


def _buyers(result: Result) -> str:
    kinds = Counter(each.kind for each in result.purchases)
    gave_up = Counter(each.kind for each in result.purchases if each.gave_up)
    rows = [(kind, str(count), str(gave_up[kind])) for kind, count in kinds.most_common()]
    return _table("Buyers", ("What they did", "Buyers", "Gave up"), rows)


def _happened(result: Result) -> str:
    rows = [
        (each.fault.kind, each.fault.target, f"{each.began_s:.1f}", f"{each.ended_s:.1f}")
        for each in result.happened
    ]
    return _table("Faults", ("Kind", "Target", "From, s", "To, s"), rows)


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<h2>{title}</h2><table><tr>{cells('th', heads)}</tr>{body}</table>"
