"""Reading what the processes of a stack tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import httpx
from prometheus_client.parser import text_string_to_metric_families

from devstack.stack import METERED, metrics_ports

Series = tuple[str, str, frozenset[tuple[str, str]]]
"""Process, name and labels."""


@dataclass(frozen=True)
class Figures:
    """Everything that all processes told at one moment."""

    texts: dict[str, str]
    """By process."""

    @cached_property
    def samples(self) -> dict[Series, float]:
        return {
            (process, sample.name, frozenset(sample.labels.items())): sample.value
            for process, text in self.texts.items()
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    @cached_property
    def names(self) -> dict[str, set[str]]:
        """The metrics, each with the labels that it has."""
        found: dict[str, set[str]] = {}
        for _, name, labels in self.samples:
            found.setdefault(name, set()).update(label for label, _ in labels)
        return found

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of what processes tell of a series; 0 if none tells it."""
        wanted = frozenset(labels.items())
        return sum(
            value for (_, told, own), value in self.samples.items() if (told, own) == (name, wanted)
        )


async def scrape(first_port: int) -> Figures:
    """Ask every process for its figures."""
    ports = metrics_ports(first_port)
    async with httpx.AsyncClient(timeout=30) as client:
        answers = {
            name: await client.get(f"http://127.0.0.1:{ports[name]}/metrics") for name in METERED
        }
    return Figures({name: answer.raise_for_status().text for name, answer in answers.items()})
