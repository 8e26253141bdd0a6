"""Free attributes of a product: JSON values that a seller chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from catalog.domain.errors import Violation
from catalog.domain.text import line_problem, prose_problem

MAX_VALUES = 200
MAX_DEPTH = 4
NAME_LENGTH = 60
TEXT_LENGTH = 2_000
_POINTER = "/attributes"


def attribute_violations(attributes: Mapping[str, Any]) -> list[Violation]:
    """Return what is wrong with attributes: too many, too deep, or text that cannot be stored."""
    problems = list(dict.fromkeys(_problems(attributes, MAX_DEPTH)))
    if _count(attributes) > MAX_VALUES:
        problems.append(f"must have at most {MAX_VALUES} values")
    return [(_POINTER, problem) for problem in problems[:5]]


def _problems(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        problem = prose_problem(value, TEXT_LENGTH)
        if problem:
            yield f"values {problem}"
    elif isinstance(value, float) and not isfinite(value):
        yield "values must be finite"
    elif isinstance(value, Mapping | list) and depth == 0:
        yield f"must not be deeper than {MAX_DEPTH}"
    elif isinstance(value, Mapping):
        for name, each in value.items():
            problem = line_problem(name, NAME_LENGTH, shortest=1)
            if problem:
                yield f"names {problem}"
            yield from _problems(each, depth - 1)
    elif isinstance(value, list):
        for each in value:
            yield from _problems(each, depth - 1)


def _count(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_count(each) for each in value.values()) or 1
    if isinstance(value, list):
        return sum(_count(each) for each in value) or 1
    return 1
