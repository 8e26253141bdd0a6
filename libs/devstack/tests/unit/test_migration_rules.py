"""The rules of migrations refuse what the release before would not survive, and nothing else."""

from pathlib import Path

import pytest

from devstack import migration_rules
from devstack.migration_rules import Revision, findings, judge, revisions_of

REFUSED = {
    "DROP TABLE note": "ban-drop-table",
    "ALTER TABLE note DROP COLUMN body": "ban-drop-column",
    "ALTER TABLE note RENAME COLUMN body TO content": "renaming-column",
    "ALTER TABLE note RENAME TO remark": "renaming-table",
    "ALTER TABLE note ADD COLUMN body text NOT NULL": "adding-required-field",
    "ALTER TABLE note ALTER COLUMN body SET NOT NULL": "adding-not-nullable-field",
    "ALTER TABLE note ALTER COLUMN body TYPE bigint": "changing-column-type",
    "CREATE INDEX note_body ON note (body)": "require-concurrent-index-creation",
    "CREATE INDEX CONCURRENTLY note_body ON note (body)": (
        "ban-concurrent-index-creation-in-transaction"
    ),
    "DROP INDEX note_body": "require-concurrent-index-deletion",
    "ALTER TABLE note ADD CONSTRAINT k CHECK (size > 0)": "constraint-missing-not-valid",
    "ALTER TABLE note ADD CONSTRAINT k CHECK (size > 0) NOT VALID": "ban-new-write-restriction",
    "ALTER TABLE note ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES b (id)": (
        "adding-foreign-key-constraint"
    ),
    "ALTER TABLE note ADD COLUMN token uuid DEFAULT gen_random_uuid()": "adding-field-with-default",
    "DROP FUNCTION write_note(text)": "ban-drop-function",
    "DROP TRIGGER note_kept ON note": "ban-drop-trigger",
    "CREATE TRIGGER kept BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION f()": "new-trigger",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": (
        "ban-replace-view-function"
    ),
    "UPDATE note SET body = ''": "changes-data",
    "DELETE FROM note": "changes-data",
    "TRUNCATE note": "changes-data",
    "LOCK TABLE note": "locks",
    "ALTER TABLE note SET UNLOGGED": "locks",
    "DO $$ BEGIN DROP TABLE note; END $$": "unreadable",
    "ALTER TABEL note": "syntax-error",
}
FINE = """
CREATE TABLE remark (id uuid PRIMARY KEY, body text NOT NULL CHECK (body <> 'DROP TABLE note'));
CREATE INDEX remark_body ON remark (body);
CREATE TRIGGER kept BEFORE INSERT ON remark FOR EACH ROW EXECUTE FUNCTION f();
INSERT INTO remark VALUES ('00000000-0000-0000-0000-000000000000', 'UPDATE; everything');
CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM note; END $$;
ALTER TABLE note ADD COLUMN size bigint;
ALTER TABLE note ADD COLUMN kind text NOT NULL DEFAULT '';
"""
INDEXED = '''
"""An index on a table that was there, and a constraint that is looked at afterwards."""
from alembic import op
from chassis.migrations import create_index, validate_constraint

revision = "0001"
down_revision = None

def upgrade():
    op.execute("ALTER TABLE note ADD COLUMN kind text")
    create_index(op, "note_kind", "note (kind) WHERE kind IS NOT NULL")
    validate_constraint(op, "note", "note_size")
'''


def revision(sql: str, **said: object) -> Revision:
    text = f"BEGIN;\n\n{sql};\n\nCOMMIT;\n"
    return Revision("orders", "0099", text, **{"harmless": {}, "contract": None, **said})  # type: ignore[arg-type]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_release_before_would_not_survive_is_refused(sql: str) -> None:
    refused = judge([revision(sql)], {}, "0.4.0")
    assert any(REFUSED[sql] in each for each in refused), refused


def test_what_only_adds_passes() -> None:
    assert judge([revision(FINE)], {}, "0.4.0") == []


def test_indexes_and_validations_that_keep_nobody_waiting_pass(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "0001_indexed.py").write_text(INDEXED)
    (tmp_path / "env.py").touch()
    (indexed,) = revisions_of("orders", tmp_path)
    assert "CREATE INDEX CONCURRENTLY note_kind" in indexed.sql
    assert findings([indexed]) == []


def test_a_reason_lets_pass_what_can_be_harmless_and_no_lock() -> None:
    looser = "ALTER TABLE note DROP CONSTRAINT k"
    assert judge([revision(looser, harmless={"ban-drop-constraint": "why"})], {}, "0.4.0") == []
    index = revision(
        "CREATE INDEX i ON note (a)", harmless={"require-concurrent-index-creation": "no"}
    )
    assert len(judge([index], {}, "0.4.0")) == 2


@pytest.mark.parametrize(
    ("contract", "refused"),
    [
        ({"unused_since": "0.3.0", "reason": "why"}, 0),
        ({"unused_since": "0.4.0", "reason": "why"}, 1),
        ({"unused_since": "0.3.0"}, 1),
        ({"reason": "why"}, 1),
    ],
)
def test_a_contract_names_an_older_release_and_a_reason(
    contract: dict[str, str], refused: int
) -> None:
    step = revision("ALTER TABLE note DROP COLUMN body", contract=contract)
    assert len(judge([step], {}, "0.4.0")) == refused


def test_a_contract_excuses_no_other_name_and_no_lock() -> None:
    said = {"unused_since": "0.3.0", "reason": "why"}
    for sql in ("ALTER TABLE note RENAME TO remark", "ALTER TABLE note ALTER COLUMN a TYPE bigint"):
        assert judge([revision(sql, contract=said)], {}, "0.4.0")


def test_what_was_released_changes_no_more() -> None:
    step = revision("ALTER TABLE note DROP COLUMN body")
    frozen = {
        "digests": {"orders": {"0099": step.digest}},
        "accepted": {"orders/0099": {"ban-drop-column": "why"}},
    }
    assert judge([step], frozen, "0.4.0") == []
    (changed,) = judge([revision("ALTER TABLE note DROP  COLUMN body")], frozen, "0.4.0")
    assert "changes no more" in changed
    assert any("is gone" in each for each in judge([], frozen, "0.4.0"))


def test_nothing_new_is_accepted_and_nothing_accepted_is_left_over() -> None:
    step = revision("ALTER TABLE note DROP COLUMN body")
    accepted = {"orders/0099": {"ban-drop-column": "why"}}
    assert len(judge([step], {"accepted": accepted}, "0.4.0")) == 2
    fine = revision("ALTER TABLE note ADD COLUMN size bigint")
    frozen = {"digests": {"orders": {"0099": fine.digest}}, "accepted": accepted}
    (left,) = judge([fine], frozen, "0.4.0")
    assert "does not occur" in left


def test_the_revisions_of_this_repository_keep_to_the_rules() -> None:
    assert migration_rules.violations() == []
