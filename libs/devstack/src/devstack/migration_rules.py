"""What a revision may do while the release before it still serves.

Each revision is rendered to the SQL that it would run, which squawk reads (https://squawkhq.com);
a few statements that it has no rule for are found here. A revision speaks for itself in two
variables of its module: ``harmless``, a rule and the reason why the release before goes on working
all the same, and ``contract``, which takes away what no release in use needs any more::

    harmless = {"ban-drop-constraint": "A wider one takes its place in the same statement."}
    contract = {"unused_since": "0.3.0", "reason": "Notes live in a table of their own."}

No word excuses a lock that keeps requests waiting. Revisions that were released are frozen by a
digest of their SQL, and what they did against the rules is listed with them.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from devstack.databases import SERVICES
from devstack.home import ROOT

FROZEN = ROOT / "tests" / "contract" / "baseline" / "revisions.toml"
_POSTGRES = "18"
_LEFT_OUT = (
    # Set for every revision by chassis.migrations.
    "require-lock-timeout",
    "require-statement-timeout",
    # Matters of taste, or of more than one run: a revision runs in one transaction.
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
)
_BESIDES = (
    "ban-alter-function-options",
    "ban-alter-identity",
    "ban-alter-row-level-security",
    "ban-detach-inheritance",
    "ban-disable-trigger",
    "ban-drop-policy",
    "ban-new-write-restriction",
    "ban-replace-view-function",
    "ban-replica-identity",
    "ban-revoke",
    "ban-set-default",
    "ban-set-schema",
    "require-concurrent-partition-detach",
)
"""Rules that squawk has and leaves to choice."""

_MAY_BE_HARMLESS = frozenset(
    {
        "ban-drop-constraint",
        "ban-drop-default",
        "ban-drop-not-null",
        "ban-new-write-restriction",
        "ban-replace-view-function",
        "ban-set-default",
        "new-trigger",
    }
)
_MAY_CONTRACT = frozenset(
    {
        "adding-not-nullable-field",
        "ban-drop-column",
        "ban-drop-constraint",
        "ban-drop-default",
        "ban-drop-function",
        "ban-drop-sequence",
        "ban-drop-table",
        "ban-drop-trigger",
        "ban-drop-type",
        "ban-drop-view",
        "ban-new-write-restriction",
    }
)
_OWN: Mapping[str, tuple[str, str]] = {
    "changes-data": (
        r"(UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE)(\s+(TABLE|ONLY))*\s+(?P<table>\w+)",
        "Rows stay locked until the revision ends: let the service fill them in, some at a time.",
    ),
    "locks": (
        r"(LOCK|CLUSTER|VACUUM|REFRESH)\b|ALTER\s+TABLE\b[^;]*\b(SET\s+(UN)?LOGGED"
        r"|SET\s+TABLESPACE|ATTACH\s+PARTITION)\b",
        "It keeps everybody from the table for as long as it takes.",
    ),
    "unreadable": (r"DO\b", "Nobody can read beforehand what a DO block does."),
    "ban-drop-trigger": (r"DROP\s+TRIGGER\b", "The release before counts on it."),
    "new-trigger": (
        r"CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?TRIGGER\b.*?\sON\s+(?P<table>\w+)",
        "It runs for what the release before writes, too.",
    ),
}
"""By its rule: how a statement begins that squawk lets pass, and what is wrong with it."""
_NEW_TABLE = re.compile(r"CREATE\s+(\w+\s+)?TABLE\s+(\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class Revision:
    """A step of a service's database."""

    service: str
    number: str
    sql: str
    harmless: Mapping[str, str]
    contract: Mapping[str, str] | None

    @property
    def name(self) -> str:
        """What findings call it."""
        return f"{self.service}/{self.number}"

    @property
    def digest(self) -> str:
        """A hash of what it does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Finding:
    """A statement that the release before may not survive."""

    revision: str
    rule: str
    statement: str
    explanation: str

    def __str__(self) -> str:
        return f"{self.revision}: {self.rule}: {self.explanation}\n    {self.statement}"


def violations() -> list[str]:
    """Return what the revisions of all services do against the rules, a text each."""
    frozen = tomllib.loads(FROZEN.read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return judge(list(all_revisions()), frozen, version)


def judge(revisions: list[Revision], frozen: Mapping[str, Any], version: str) -> list[str]:
    """Return what is wrong with revisions, given what is ``frozen`` and the present version."""
    digests: Mapping[str, Mapping[str, str]] = frozen.get("digests", {})
    accepted: Mapping[str, Mapping[str, str]] = frozen.get("accepted", {})
    known = {f"{service}/{n}": d for service, all_ in digests.items() for n, d in all_.items()}
    by_name = {revision.name: revision for revision in revisions}
    wrong = [f"{name}: was released, and is gone" for name in known.keys() - by_name.keys()]
    wrong += [
        f"{name}: was released; its SQL changes no more (a new revision can)"
        for name, digest in known.items()
        if name in by_name and by_name[name].digest != digest
    ]
    wrong += [
        f"{name}: only what was released is accepted as it is"
        for name in accepted.keys() - known.keys()
    ]
    left = {(name, rule) for name, rules in accepted.items() for rule in rules}
    for finding in findings(revisions):
        left.discard((finding.revision, finding.rule))
        revision = by_name[finding.revision]
        if finding.rule in accepted.get(finding.revision, ()) and finding.revision in known:
            continue
        if not _excused(revision, finding.rule):
            wrong.append(str(finding))
    wrong += [f"{name}: {rule} is accepted and does not occur" for name, rule in sorted(left)]
    return wrong + [each for revision in revisions for each in _misdeclared(revision, version)]


def findings(revisions: Iterable[Revision]) -> list[Finding]:
    """Return what squawk and our own rules find in the SQL of revisions."""
    by_file = {f"{r.service}-{r.number}.sql": r for r in revisions}
    if not by_file:
        return []
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for file, revision in by_file.items():
            Path(folder, file).write_text(revision.sql)
        for said in _squawk(Path(folder), sorted(by_file)):
            revision = by_file[said["file"]]
            if said["message"].startswith("A new column constraint"):
                # What may not be empty and has no default is a rule of its own; the release before
                # does not write new columns.
                continue
            line = revision.sql.splitlines()[said["line"] : said["line_end"] + 1]
            found.append(
                Finding(
                    revision.name,
                    said["rule_name"],
                    " ".join(" ".join(line).split()),
                    " ".join(filter(None, (said["message"], said["help"]))),
                )
            )
    for revision in by_file.values():
        found += _own_findings(revision)
    return found


def all_revisions() -> Iterator[Revision]:
    """Render each service's revisions, oldest first."""
    for service in SERVICES:
        folder = ROOT / "services" / service / "src" / service / "migrations"
        yield from revisions_of(service, folder)


def revisions_of(service: str, folder: Path) -> Iterator[Revision]:
    """Render the revisions of one folder, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        module = script.module
        yield Revision(
            service,
            script.revision,
            _render(module),
            dict(getattr(module, "harmless", {})),
            getattr(module, "contract", None),
        )


def freeze() -> None:
    """Write down the revisions as they are, because they are being released."""
    accepted = FROZEN.read_text().partition("[digests.")[0].rstrip() if FROZEN.exists() else ""
    lines = [accepted]
    service = ""
    for revision in all_revisions():
        if revision.service != service:
            service = revision.service
            lines += ["", f"[digests.{service}]"]
        lines.append(f'{revision.number} = "{revision.digest}"')
    FROZEN.write_text("\n".join(lines).lstrip() + "\n")


def _render(module: ModuleType) -> str:
    """Return the SQL of a revision, with its transactions."""
    written = io.StringIO()
    options = {"as_sql": True, "output_buffer": written, "transaction_per_migration": True}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context) as operations:
        # The oldest revisions hand whole files to the driver.
        operations.get_bind = lambda: _Driver(context)  # type: ignore[assignment, return-value]
        with context.begin_transaction(_per_migration=True):
            module.upgrade()
    return written.getvalue()


class _Driver:
    """Stands for a connection, and writes down what it is told."""

    def __init__(self, context: MigrationContext) -> None:
        self._context = context

    @property
    def connection(self) -> _Driver:
        return self

    @property
    def driver_connection(self) -> _Driver:
        return self

    def execute(self, sql: str) -> None:
        self._context.impl.static_output(sql)


def _squawk(folder: Path, files: list[str]) -> list[dict[str, Any]]:
    command = [str(Path(sys.executable).with_name("squawk")), "--reporter", "json"]
    command += ["--pg-version", _POSTGRES, "--exclude", ",".join(_LEFT_OUT)]
    command += ["--include", ",".join(_BESIDES), *files]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        said: list[dict[str, Any]] = json.loads(ran.stdout)
    except ValueError:
        raise RuntimeError(f"squawk failed: {ran.stdout}{ran.stderr}") from None
    return said


def _own_findings(revision: Revision) -> list[Finding]:
    found = []
    statements = _statements(revision.sql)
    made = {match[2] for each in statements if (match := _NEW_TABLE.match(each))}
    for statement in statements:
        for rule, (beginning, explanation) in _OWN.items():
            match = re.match(beginning, statement, re.IGNORECASE)
            if match and match.groupdict().get("table") not in made:
                found.append(Finding(revision.name, rule, statement[:200], explanation))
    return found


def _statements(sql: str) -> list[str]:
    """Split SQL, without comments and without what stands in quotes."""
    bare = re.sub(r"(\$\w*\$).*?\1|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", "''", sql, flags=re.DOTALL)
    return [stripped for each in bare.split(";") if (stripped := " ".join(each.split()))]


def _excused(revision: Revision, rule: str) -> bool:
    if rule in _MAY_BE_HARMLESS and revision.harmless.get(rule):
        return True
    return rule in _MAY_CONTRACT and revision.contract is not None


def _misdeclared(revision: Revision, version: str) -> list[str]:
    """Return what is wrong with what a revision says of itself."""
    wrong = [
        f"{revision.name}: {rule} cannot be harmless"
        for rule in revision.harmless.keys() - _MAY_BE_HARMLESS
    ]
    contract = revision.contract
    if contract is None:
        return wrong
    since = contract.get("unused_since", "")
    if not contract.get("reason") or not re.fullmatch(r"\d+\.\d+\.\d+", since):
        wrong.append(f"{revision.name}: a contract names a reason, and unused_since as 1.2.3")
    elif _number(since) >= _number(version):
        wrong.append(
            f"{revision.name}: contracts what {since} is the first not to use, and this is"
            f" {version}: the release before still uses it"
        )
    return wrong


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
