"""What a change of the OpenAPI document takes from clients that were written for the one before.

Requests may be allowed more and not less; answers may hold more and not less. That is looked at for
the parts of OpenAPI 3.1 and JSON Schema 2020-12 that FastAPI and pydantic write; what else appears
in a schema may not change at all. Clients take an enumeration's new values in answers, and new
statuses, as the API's introduction tells them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Document = Mapping[str, Any]
Direction = Literal["request", "answer"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LOOKED_AT = {
    *_AT_MOST,
    *_AT_LEAST,
    *("type", "enum", "const", "pattern", "format", "properties", "required", "items"),
    *("additionalProperties", "propertyNames", "anyOf", "oneOf", "$ref"),
    *("title", "description", "default", "example", "examples", "deprecated"),
}


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Return what clients of the old document would stumble over, a sentence each."""
    return list(dict.fromkeys(_Comparison(old, new).operations()))


@dataclass
class _Comparison:
    old: Document
    new: Document

    def __post_init__(self) -> None:
        self._under_way: set[tuple[str, str, Direction]] = set()

    def operations(self) -> Iterator[str]:
        for path, item in self.old["paths"].items():
            for method in _METHODS:
                if method not in item:
                    continue
                where = f"{method.upper()} {path}"
                present = self.new["paths"].get(path, {}).get(method)
                if present is None:
                    yield f"{where}: removed"
                else:
                    yield from self._operation(where, item[method], present)

    def _operation(self, where: str, old: Document, new: Document) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in old.get("parameters", ())}
        after = {(each["in"], each["name"]): each for each in new.get("parameters", ())}
        for key, parameter in before.items():
            place = f"{where}: {' '.join(key)}"
            if key not in after:
                yield f"{place}: removed"
                continue
            yield from self._schema(place, parameter["schema"], after[key]["schema"], "request")
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{where}: {' '.join(key)}: required now"
        accepted = new.get("security", [{}])
        for way in old.get("security", [{}]):
            if way not in accepted:
                yield f"{where}: {' and '.join(way) or 'no credentials'} is not enough any more"
        yield from self._body(where, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{where}: {status}: removed"
            else:
                yield from self._answer(f"{where}: {status}", answer, new["responses"][status])

    def _body(self, where: str, old: Document | None, new: Document | None) -> Iterator[str]:
        if new is not None and new.get("required") and not (old or {}).get("required"):
            yield f"{where}: body: required now"
        if old is not None and new is None:
            yield f"{where}: body: removed"
        if old is not None and new is not None:
            yield from self._content(f"{where}: body", old["content"], new["content"], "request")

    def _answer(self, where: str, old: Document, new: Document) -> Iterator[str]:
        for name in old.get("headers", {}):
            if name not in new.get("headers", {}):
                yield f"{where}: header {name}: removed"
        yield from self._content(where, old.get("content", {}), new.get("content", {}), "answer")

    def _content(
        self, where: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[str]:
        for media, content in old.items():
            if media not in new:
                yield f"{where}: {media}: removed"
            elif "schema" in content:
                # A schema that is gone says that anything may come.
                schema = new[media].get("schema", {})
                yield from self._schema(where, content["schema"], schema, direction)

    def _schema(
        self, where: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[str]:
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")), direction)
        if all(pair[:2]):
            if pair in self._under_way:
                return
            self._under_way.add(pair)
        before, after = _resolved(self.old, old), _resolved(self.new, new)
        alternatives = _alternatives(before), _alternatives(after)
        if max(map(len, alternatives)) > 1:
            yield from self._alternatives(where, *alternatives, direction)
        else:
            yield from self._values(where, before, after, direction)
            yield from self._members(where, before, after, direction)
        self._under_way.discard(pair)

    def _alternatives(
        self, where: str, old: Sequence[Document], new: Sequence[Document], direction: Direction
    ) -> Iterator[str]:
        """Each that is sent needs one that takes it."""
        sent, taken = (old, new) if direction == "request" else (new, old)
        for each in sent:
            pairs = [(each, other) if direction == "request" else (other, each) for other in taken]
            if all(any(self._schema(where, *pair, direction)) for pair in pairs):
                yield f"{where}: {_name(each)} is {_verdict(direction)}"

    def _values(
        self, where: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[str]:
        sent, taken = (old, new) if direction == "request" else (new, old)
        if not _types(sent) <= _types(taken):
            yield f"{where}: type was {_name(old)} and is {_name(new)}"
        for key in (old.keys() | new.keys()) - _LOOKED_AT:
            if old.get(key) != new.get(key):
                yield f"{where}: {key} changed"
        if old.get("format") != new.get("format") and (direction == "answer" or "format" in new):
            yield f"{where}: format was {old.get('format')} and is {new.get('format')}"
        if direction == "answer":
            return
        allowed = _listed(new)
        if allowed is not None:
            for value in _listed(old) or [None]:
                if value not in allowed:
                    yield f"{where}: {'what is not listed' if value is None else value} is refused"
        if new.get("pattern") not in (None, old.get("pattern")):
            yield f"{where}: pattern was {old.get('pattern')} and is {new['pattern']}"
        for keys, sign in ((_AT_MOST, 1), (_AT_LEAST, -1)):
            for key in keys:
                if key in new and (key not in old or sign * new[key] < sign * old[key]):
                    yield f"{where}: {key} was {old.get(key, 'none')} and is {new[key]}"

    def _members(
        self, where: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{where}: {name}: removed"
            else:
                yield from self._schema(f"{where}: {name}", schema, after[name], direction)
        required_before, required = set(old.get("required", ())), set(new.get("required", ()))
        if direction == "request":
            yield from (f"{where}: {name}: required now" for name in required - required_before)
        else:
            yield from (
                f"{where}: {name}: not always there any more"
                for name in (required_before - required) & after.keys()
            )
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(old.get(key), Mapping) and isinstance(new.get(key), Mapping):
                yield from self._schema(f"{where}: {key}", old[key], new[key], direction)
            elif (
                direction == "request"
                and key in new
                and old.get(key, True)
                not in (
                    False,
                    new[key],
                )
            ):
                yield f"{where}: {key} is narrower"


def _resolved(document: Document, schema: Document) -> Document:
    while "$ref" in schema:
        place: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        schema = {**place, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _alternatives(schema: Document) -> Sequence[Document]:
    found: Sequence[Document] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    return found


def _types(schema: Document) -> frozenset[str]:
    """Return the types that a schema lets through; an integer is a number, too."""
    known = {"string", "number", "integer", "boolean", "object", "array", "null"}
    named = schema.get("type", sorted(known))
    types = {named} if isinstance(named, str) else set(named)
    return frozenset(types | ({"integer"} if "number" in types else set()))


def _listed(schema: Document) -> list[Any] | None:
    listed: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return listed


def _name(schema: Document) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("type", "anything"))


def _verdict(direction: Direction) -> str:
    return "refused" if direction == "request" else "new to clients"
