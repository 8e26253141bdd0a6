"""What notifications tells an account of itself: its inbox and its language."""

from __future__ import annotations

from typing import Final

from chassis.personal_data import Section

PERSONAL_DATA: Final = (
    Section(
        "language",
        """
SELECT account_id AS id, locale FROM account_locale
WHERE account_id = %(account_id)s AND account_id > %(after)s ORDER BY account_id LIMIT %(limit)s
""",
        {"id": "usr"},
    ),
    Section(
        "notification",
        """
SELECT id, kind AS event, subject_id, params, created_at, read_at FROM notification
WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "ntf"},
    ),
)
