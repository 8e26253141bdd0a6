"""What a person sees meanwhile: a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Display(Protocol):
    """Where progress goes."""

    def phase(self, text: str) -> None:
        """Tell what is going on now."""
        ...

    def done(self, text: str, took_s: float | None = None) -> None:
        """Tell what is done."""
        ...

    def steps(self, title: str, done: int, total: int) -> None:
        """Tell how far something countable is."""
        ...


class PlainDisplay:
    """Lines; each of them is new and stays."""

    def __init__(self) -> None:
        self._phase = ""
        self._tenth = -1

    def phase(self, text: str) -> None:
        """Tell what is going on now."""
        if text and text != self._phase:
            print(f"{text} ...", flush=True)
        self._phase = text

    def done(self, text: str, took_s: float | None = None) -> None:
        """Tell what is done."""
        print(f"  {text}" + (f" ({took_s:.1f} s)" if took_s else ""), flush=True)

    def steps(self, title: str, done: int, total: int) -> None:
        """Tell how far something countable is, at most ten times."""
        tenth = done * 10 // max(total, 1)
        if tenth != self._tenth:
            self._tenth = tenth
            print(f"  {title}: {done} of {total}", flush=True)


class TerminalDisplay:
    """A spinner below the lines of what is done, and a bar for what can be counted."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            TimeElapsedColumn(),
            transient=True,
        )
        self._task = self.progress.add_task("", total=None)

    def phase(self, text: str) -> None:
        """Tell what is going on now."""
        self.progress.update(self._task, description=text, total=None)

    def done(self, text: str, took_s: float | None = None) -> None:
        """Tell what is done."""
        took = f" [dim]{took_s:.1f} s[/dim]" if took_s else ""
        self.progress.console.print(f"[green]✓[/green] {text}{took}", highlight=False)

    def steps(self, title: str, done: int, total: int) -> None:
        """Tell how far something countable is."""
        self.progress.update(
            self._task, description=f"{title} {done}/{total}", completed=done, total=total
        )


@contextmanager
def display() -> Iterator[Display]:
    """Give the display that fits the standard output."""
    if not sys.stdout.isatty():
        yield PlainDisplay()
        return
    terminal = TerminalDisplay()
    with terminal.progress:
        yield terminal
