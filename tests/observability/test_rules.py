"""Every alert fires when it should, stays quiet otherwise, and leads to what to do."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.source_tree import ROOT, SERVICES
from tests.observability.expressions import RULES, rules
from tests.observability.promtool import program

RUNBOOK = ROOT / "docs/runbook.md"
ALERTS = {rule["alert"]: rule for rule in rules()}


class Case(NamedTuple):
    """Figures, one a minute, with which an alert fires for ``labels``; and others with which not.

    ``a+bxc`` begins at a and rises by b, c times.
    """

    fires: dict[str, str]
    quiet: dict[str, str]
    labels: dict[str, str] = {}


def processes(*contexts: str) -> dict[str, str]:
    return {f'soko_process_info{{context="{context}"}}': "1+0x90" for context in contexts}


def gauge(name: str, high: int, low: int, **labels: str) -> Case:
    """Return the case of a gauge that one replica tells high, while another knows nothing."""
    words = "".join(f'{label}="{text}",' for label, text in labels.items())
    return Case(
        {
            f'{name}{{{words}instance="a"}}': f"{high}+0x90",
            f'{name}{{{words}instance="b"}}': "_x90",
        },
        {f'{name}{{{words}instance="{each}"}}': f"{low}+0x90" for each in "ab"},
        labels,
    )


def published(failed: str, captured: str) -> dict[str, str]:
    name = 'soko_events_published_total{context="payments",event="payment_%s"}'
    return {name % "failed": failed, name % "captured": captured}


HEARD = {"context": "orders", "source": "payments"}
SECONDS = 'soko_http_request_seconds_bucket{route="/v1/carts",le="%s"}'
RPC = 'soko_rpc_handled_total{method="A/B",kind="%s"}'
LOGINS = 'soko_logins_total{outcome="%s"}'
CASES = {
    "ProcessMissing": Case(
        processes("gateway", *SERVICES[:-1]),
        processes("gateway", *SERVICES),
        {"context": SERVICES[-1]},
    ),
    "DatabasePoolExhausted": Case(
        {'soko_database_pool_timeouts_total{context="orders"}': "0+6x90"},
        {'soko_database_pool_timeouts_total{context="orders"}': "5+0x90"},
        {"context": "orders"},
    ),
    "GatewayErrors": Case(
        {
            'soko_http_requests_total{status="500"}': "0+2x90",
            'soko_http_requests_total{status="200"}': "0+100x90",
        },
        {
            'soko_http_requests_total{status="503"}': "7+0x90",
            'soko_http_requests_total{status="404"}': "0+100x90",
        },
    ),
    "GatewaySlow": Case(
        {SECONDS % "1": "0+98x90", SECONDS % "2.5": "0+100x90", SECONDS % "+Inf": "0+100x90"},
        {SECONDS % "0.5": "0+99x90", SECONDS % "1": "0+100x90", SECONDS % "+Inf": "0+100x90"},
    ),
    "RpcErrors": Case(
        {RPC % "unavailable": "0+6x90", RPC % "ok": "0+60x90"},
        {RPC % "conflict": "0+60x90", RPC % "internal": "0+1x90", RPC % "ok": "0+60x90"},
        {"method": "A/B"},
    ),
    "RateLimited": Case(
        {'soko_rate_limited_total{policy="reads-by-address"}': "0+900x90"},
        {'soko_rate_limited_total{policy="reads-by-address"}': "0+60x90"},
        {"policy": "reads-by-address"},
    ),
    "LoginsFailing": Case(
        {LOGINS % "invalid_credentials": "0+40x90", LOGINS % "ok": "0+10x90"},
        {LOGINS % "invalid_credentials": "0+40x90", LOGINS % "ok": "0+40x90"},
    ),
    "OutboxLag": gauge("soko_outbox_oldest_seconds", 90, 20, context="orders"),
    "ConsumerStalled": gauge("soko_consumer_stalled_seconds", 90, 20, **HEARD),
    "ConsumerLag": gauge("soko_consumer_pending", 9000, 900, **HEARD),
    "DeadLetters": gauge("soko_dead_letters", 1, 0, **HEARD),
    "SagaStuck": gauge("soko_orders_saga_oldest_seconds", 90, 20, step="settling"),
    "PaymentsFailing": Case(published("0+4x90", "0+2x90"), published("0+2x90", "0+4x90")),
    "MoneyNotSent": Case(
        {'soko_events_published_total{context="payments",event="payout_failed"}': "0+0x50 1+0x40"},
        {'soko_events_published_total{context="payments",event="payout_failed"}': "3+0x90"},
        {"event": "payout_failed"},
    ),
    "LedgerImbalance": gauge("soko_ledger_imbalance_minor", 1, 0, currency="KES"),
    "AuditFindings": gauge("soko_audit_findings", 1, 0, invariant="ledger_balances"),
    "AuditOverdue": Case(
        {"soko_audit_age_seconds": "14400+0x90"},
        {
            'soko_audit_age_seconds{instance="a"}': "14400+0x90",
            'soko_audit_age_seconds{instance="b"}': "600+0x90",
        },
    ),
    "MailBacklog": gauge("soko_mail_oldest_seconds", 1800, 60),
    "MailDead": Case(
        {'soko_mail_attempts_total{status="dead"}': "0+1x90"},
        {
            'soko_mail_attempts_total{status="dead"}': "2+0x90",
            'soko_mail_attempts_total{status="succeeded"}': "0+60x90",
        },
    ),
}
# A checkout that waits for its buyer may take its time.
CASES["SagaStuck"].quiet['soko_orders_saga_oldest_seconds{step="waiting"}'] = "900+0x90"


def run(alert: str, series: dict[str, str], expected: list[dict[str, str]], folder: Path) -> str:
    """Let promtool look an hour into some figures; return what it says against it."""
    promtool = program("promtool")
    if promtool is None:
        return ""
    test = {
        "rule_files": [str(RULES)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": each, "values": v} for each, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
                        "eval_time": "60m",
                        "exp_samples": [
                            {"labels": _written(each), "value": 1} for each in expected
                        ],
                    }
                ],
            }
        ],
    }
    path = folder / "test.yml"
    # JSON is YAML.
    path.write_text(json.dumps(test))
    done = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def _written(labels: dict[str, str]) -> str:
    return "ALERTS{" + ",".join(f'{name}="{text}"' for name, text in labels.items()) + "}"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires(alert: str, tmp_path: Path) -> None:
    case = CASES[alert]
    own = {"alertname": alert, "alertstate": "firing", **ALERTS[alert]["labels"], **case.labels}
    assert not run(alert, case.fires, [own], tmp_path)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_stays_quiet(alert: str, tmp_path: Path) -> None:
    assert not run(alert, CASES[alert].quiet, [], tmp_path)


def test_promtool_reads_the_rules() -> None:
    if promtool := program("promtool"):
        subprocess.run([promtool, "check", "rules", str(RULES)], check=True, capture_output=True)


def test_every_alert_has_its_section_of_the_runbook_and_the_reverse() -> None:
    sections = re.findall(r"^### (\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert sorted(sections) == sorted(ALERTS) == sorted(CASES)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


@pytest.mark.parametrize("alert", ALERTS)
def test_a_section_says_what_it_means_how_to_look_and_what_to_do(alert: str) -> None:
    section = RUNBOOK.read_text().split(f"### {alert}\n")[1].split("\n### ")[0]
    for part in ("**Means**", "**Look**", "**Do**"):
        assert section.count(part) == 1, part


def test_every_route_of_the_runbook_exists() -> None:
    paths = json.loads((ROOT / "tests/contract/openapi.json").read_text())["paths"]
    known = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    said = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`", RUNBOOK.read_text())
    assert said
    assert not set(said) - known
