"""Options: what variants of a product differ by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.domain.errors import Violation
from catalog.domain.text import line_problem

MAX_OPTIONS = 5
MAX_VALUES = 100
LENGTH = 60


@dataclass(frozen=True, slots=True)
class Option:
    """An option and its values, in the order to show."""

    name: str
    values: tuple[str, ...]


def option_violations(options: Sequence[Option]) -> list[Violation]:
    """Return what is wrong with the options of a product."""
    found: list[Violation] = []
    if len(options) > MAX_OPTIONS:
        found.append(("/options", f"must have at most {MAX_OPTIONS} items"))
    if len({option.name for option in options}) < len(options):
        found.append(("/options", "must have different names"))
    for index, option in enumerate(options[:MAX_OPTIONS]):
        pointer = f"/options/{index}"
        if problem := line_problem(option.name, LENGTH, shortest=1):
            found.append((f"{pointer}/name", problem))
        if not 1 <= len(option.values) <= MAX_VALUES:
            found.append((f"{pointer}/values", f"must have 1 to {MAX_VALUES} items"))
        elif len(set(option.values)) < len(option.values):
            found.append((f"{pointer}/values", "must differ"))
        for value in option.values[:MAX_VALUES]:
            if problem := line_problem(value, LENGTH, shortest=1):
                found.append((f"{pointer}/values", problem))
                break
    return found


def derive_options(chosen: Sequence[Mapping[str, str]]) -> list[Option]:
    """Return the options that variants name, in the order of their first mention."""
    values: dict[str, dict[str, None]] = {}
    for one in chosen:
        for name, value in one.items():
            values.setdefault(name, {})[value] = None
    return [Option(name, tuple(found)) for name, found in values.items()]


def choice_violations(
    options: Sequence[Option], chosen: Sequence[tuple[str, Mapping[str, str]]]
) -> list[Violation]:
    """Return where variants do not choose exactly one value of each option, or choose alike.

    ``chosen`` pairs each variant's pointer with what it chose.
    """
    allowed = {option.name: frozenset(option.values) for option in options}
    seen: set[frozenset[tuple[str, str]]] = set()
    found: list[Violation] = []
    for pointer, choice in chosen:
        if choice.keys() != allowed.keys():
            names = ", ".join(allowed) or "none"
            found.append((f"{pointer}/options", f"must have a value for each option: {names}"))
            continue
        wrong = [name for name, value in choice.items() if value not in allowed[name]]
        found += [(f"{pointer}/options", f"has an unknown value for {name}") for name in wrong]
        key = frozenset(choice.items())
        if allowed and key in seen:
            found.append((f"{pointer}/options", "are those of another variant"))
        seen.add(key)
    return found
