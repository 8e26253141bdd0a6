"""What the gateway promises clients changes only on purpose."""

import json
import re
from pathlib import Path

import pytest

from gateway.__main__ import main

SNAPSHOT = Path(__file__).parent / "openapi.json"
REFRESH = "python -m gateway openapi > tests/contract/openapi.json"


def test_the_openapi_document_is_the_one_that_was_agreed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["openapi"]) == 0
    present = json.loads(capsys.readouterr().out)
    agreed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert present == agreed, f"if this is meant, run: {REFRESH}"


def test_every_reference_of_the_document_leads_somewhere() -> None:
    text = SNAPSHOT.read_text(encoding="utf-8")
    document = json.loads(text)
    for pointer in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        place = document
        for part in pointer.split("/"):
            place = place[part]
        assert place
