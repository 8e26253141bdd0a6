"""Compares objects (JSON on standard input) with the schemas beside this file; says what is wrong.

It runs where jsonschema is installed.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator


def main() -> int:
    """Return 1 if an object has no schema or does not fit."""
    wrong = 0
    for document in json.load(sys.stdin):
        group = document["apiVersion"].partition("/")[0]
        name = f"{document['kind']} {document['metadata']['name']}"
        path = Path(__file__).with_name(f"{group}_{document['kind']}.json")
        if not path.exists():
            print(f"{name}: no schema {path.name}")  # noqa: T201
            wrong = 1
            continue
        validator = Draft202012Validator(json.loads(path.read_text()))
        for error in validator.iter_errors(document):
            print(f"{name}: {error.json_path}: {error.message}")  # noqa: T201
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
