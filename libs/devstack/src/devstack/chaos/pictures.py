"""Pictures of a run as SVG: throughput, latency and faults on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from devstack.chaos.session import Happened, Result
from devstack.chaos.summary import percentile

_WIDTH, _LEFT, _RIGHT = 1000, 60, 12
_CHART_HEIGHT, _LANE_HEIGHT = 150, 22
_STEPS = 120
"""The most bars that an axis of time is cut into."""
_GROUPS = (
    ("Processes", ("kill", "pause")),
    ("Broker", ("broker-kill", "broker-pause", "broker-wipe", "consumer-delete")),
    ("Database", ("database-stop", "database-pause", "backends-end")),
    ("Network", ("cut", "lose-requests", "lose-answers", "delay", "trickle")),
)
_GOOD, _REFUSED = frozenset({200, 201, 202}), frozenset({402, 409})


class Timeline:
    """The axis of time that all pictures share."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.seconds = max(result.lasted_s, 1.0)
        self.step_s = max(1.0, self.seconds / _STEPS)
        self.steps = int(self.seconds / self.step_s) + 1

    def x(self, at_s: float) -> float:
        """Return where a moment is, in pixels from the left."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(at_s, self.seconds) / self.seconds

    def throughput(self) -> str:
        """Return stacked bars of answered checkouts a second."""
        counts = [[0, 0] for _ in range(self.steps)]
        for purchase in self.result.purchases:
            if purchase.answered_s is not None and purchase.status in _GOOD | _REFUSED:
                step = int(purchase.answered_s / self.step_s)
                counts[min(step, self.steps - 1)][purchase.status in _REFUSED] += 1
        rates = [[count / self.step_s for count in pair] for pair in counts]
        top = max((sum(pair) for pair in rates), default=0) or 1.0
        bars = []
        for step, (placed, refused) in enumerate(rates):
            bars.append(self._bar(step, 0, placed, top, "placed", f"{placed:.1f}/s placed"))
            bars.append(self._bar(step, placed, refused, top, "refused", f"{refused:.1f}/s other"))
        return self._chart("Checkouts answered a second", top, "/s", bars)

    def latency(self) -> str:
        """Return the median and the worst wait per step, by when the answer came."""
        answered = [p for p in self.result.purchases if p.latency_s is not None]
        answered.sort(key=lambda p: p.answered_s or 0.0)
        median: list[tuple[float, float]] = []
        worst: list[tuple[float, float]] = []
        for step, group in groupby(answered, lambda p: int((p.answered_s or 0.0) / self.step_s)):
            waits = [p.latency_s or 0.0 for p in group]
            x = self.x((step + 0.5) * self.step_s)
            median.append((x, percentile(waits, 0.5)))
            worst.append((x, max(waits)))
        top = max((value for _, value in worst), default=0.0) or 1.0
        lines = [_line(worst, top, "worst"), _line(median, top, "median")]
        return self._chart("Seconds until a checkout's final answer", top, "s", lines)

    def faults(self) -> str:
        """Return a lane for each kind of thing that broke."""
        height = _LANE_HEIGHT * len(_GROUPS) + 30
        parts = []
        for lane, (title, kinds) in enumerate(_GROUPS):
            y = 6 + lane * _LANE_HEIGHT
            parts.append(f'<text class="lane" x="{_LEFT - 6}" y="{y + 12}">{title}</text>')
            parts += [
                self._mark(each, y) for each in self.result.happened if each.fault.kind in kinds
            ]
        return _svg("Faults", height, [*parts, *self._axis(height - 18)])

    def _mark(self, each: Happened, y: float) -> str:
        x = self.x(each.began_s)
        width = max(3.0, self.x(each.ended_s) - x)
        text = f"{each.began_s:.1f} s: {each.fault.kind} {each.fault.target}"
        return (
            f'<rect class="fault" x="{x:.1f}" y="{y}" width="{width:.1f}" height="15" rx="2">'
            f"<title>{escape(text)}</title></rect>"
        )

    def _bar(self, step: int, below: float, value: float, top: float, name: str, text: str) -> str:
        if not value:
            return ""
        x, right = self.x(step * self.step_s), self.x((step + 1) * self.step_s)
        y = 20 + (_CHART_HEIGHT - 40) * (1 - (below + value) / top)
        height = (_CHART_HEIGHT - 40) * value / top
        return (
            f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{max(1.0, right - x - 0.7):.1f}"'
            f' height="{height:.1f}"><title>{step * self.step_s:.0f} s: {text}</title></rect>'
        )

    def _chart(self, title: str, top: float, unit: str, shapes: Sequence[str]) -> str:
        bottom = _CHART_HEIGHT - 20
        grid = [
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
            f'<text class="lane" x="{_LEFT - 6}" y="{y + 4}">{share * top:.2g} {unit}</text>'
            for share in (0.0, 0.5, 1.0)
            for y in [20 + (_CHART_HEIGHT - 40) * (1 - share)]
        ]
        shades = [
            f'<rect class="shade" x="{self.x(each.began_s):.1f}" y="20" height="{bottom - 20}"'
            f' width="{max(1.0, self.x(each.ended_s) - self.x(each.began_s)):.1f}"/>'
            for each in self.result.happened
        ]
        return _svg(title, _CHART_HEIGHT, [*shades, *grid, *shapes, *self._axis(bottom)])

    def _axis(self, y: float) -> list[str]:
        unit_s = next(u for u in (5, 10, 30, 60, 120, 300, 600, 1800, 7200) if self.seconds / u < 9)
        return [
            f'<text class="time" x="{self.x(at_s):.1f}" y="{y + 15}">{_clock(at_s)}</text>'
            for at_s in range(0, int(self.seconds) + 1, unit_s)
        ]


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _line(points: Sequence[tuple[float, float]], top: float, name: str) -> str:
    spots = [(x, 20 + (_CHART_HEIGHT - 40) * (1 - value / top), value) for x, value in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots)
    dots = "".join(
        f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="1.8">'
        f"<title>{name} {value:.2f} s</title></circle>"
        for x, y, value in spots
    )
    return f'<polyline class="{name}" points="{path}"/>{dots}'


def _clock(at_s: int) -> str:
    return f"{at_s // 60}:{at_s % 60:02d}"
