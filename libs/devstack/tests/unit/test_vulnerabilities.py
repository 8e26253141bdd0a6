"""A clean answer about the packages is told apart from no answer."""

import json
from typing import Any

import pytest

from devstack import checks
from devstack.vulnerabilities import Verdict, verdict_of

CLEAN = {"name": "grpcio", "version": "1.85.0", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}],
}
UNKNOWN = {"name": "nats-py", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "findings", "unanswered"),
    [
        ([CLEAN], 0, ""),
        ([CLEAN, BAD], 1, ""),
        ([CLEAN, UNKNOWN], 0, "the package index tells nothing of 1 of 2 packages"),
        ([BAD, UNKNOWN], 1, "the package index tells nothing of 1 of 2 packages"),
        ([], 0, "the package index tells nothing of 0 of 0 packages"),
    ],
)
def test_a_report_is_clean_only_if_every_package_was_answered_for(
    packages: list[Any], findings: int, unanswered: str
) -> None:
    verdict = verdict_of(json.dumps({"dependencies": packages}), "")
    assert (len(verdict.findings), verdict.unanswered) == (findings, unanswered)


def test_a_service_that_cannot_be_reached_is_no_clean_answer() -> None:
    assert verdict_of("", "Traceback\nConnectionError: no route").unanswered == (
        "ConnectionError: no route"
    )
    assert verdict_of("[]", "").unanswered


@pytest.mark.parametrize(
    ("verdict", "failed", "told"),
    [
        (Verdict([], ""), [], "ok"),
        (Verdict([], "no route"), [], "COULD NOT ASK: no route"),
        (Verdict(["jinja2 2.0: PYSEC-2019-217"], ""), ["known vulnerabilities"], "PYSEC-2019-217"),
    ],
)
def test_only_findings_fail_the_check(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdict: Verdict,
    failed: list[str],
    told: str,
) -> None:
    monkeypatch.setattr(checks, "_checks", list)
    monkeypatch.setattr(checks, "look_up_vulnerabilities", lambda: verdict)
    assert checks.run_checks(audit=True) == failed
    assert told in capsys.readouterr().out
    assert checks.run_checks() == []
