"""Turns CustomResourceDefinitions (YAML on standard input) into the schemas beside this file.

Texts, the status and rules in CEL go; what the API server would refuse as unknown is refused here,
too. Run it with a Python that has PyYAML:  python shorten.py < crds.yaml
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

_KEPT = {"x-kubernetes-preserve-unknown-fields"}


def shortened(schema: Any) -> Any:
    """Return a schema in OpenAPI's dialect as plain JSON Schema that knows its fields."""
    if isinstance(schema, list):
        return [shortened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    short = {
        name: {field: shortened(each) for field, each in value.items()}
        if name == "properties"
        else shortened(value)
        for name, value in schema.items()
        if not (name == "description" and isinstance(value, str))
        and (name in _KEPT or not name.startswith("x-kubernetes-"))
    }
    open_ended = short.pop("x-kubernetes-preserve-unknown-fields", False)
    if "properties" in short and not open_ended:
        short.setdefault("additionalProperties", False)
    return short


def main() -> None:
    """Write one file for each kind, by the version that is stored."""
    for crd in yaml.safe_load_all(sys.stdin):
        if not crd or crd.get("kind") != "CustomResourceDefinition":
            continue
        spec = crd["spec"]
        version = next(each for each in spec["versions"] if each["storage"])
        schema = shortened(version["schema"]["openAPIV3Schema"])
        schema["properties"].pop("status", None)
        schema["properties"]["apiVersion"]["const"] = f"{spec['group']}/{version['name']}"
        schema["properties"]["kind"]["const"] = kind = spec["names"]["kind"]
        target = Path(__file__).with_name(f"{spec['group']}_{kind}.json")
        target.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
