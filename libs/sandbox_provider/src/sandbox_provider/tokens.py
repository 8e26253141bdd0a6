"""What each token makes the provider do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

AUTHORIZED: Final = "authorized"
CAPTURED: Final = "captured"
DECLINED: Final = "declined"
ERRORING: Final = "erroring"
FAILED: Final = "failed"
PENDING: Final = "pending"
VOIDED: Final = "voided"

TIMEOUT_TOKEN: Final = "tok_timeout"  # noqa: S105 - not a secret
CAPTURE_FAILS_TOKEN: Final = "tok_capture_failed"  # noqa: S105 - not a secret
REFUND_FAILS_TOKEN: Final = "tok_refund_failed"  # noqa: S105 - not a secret

ERRORS_BEFORE_RECOVERY: Final = 2
"""How often ``tok_error`` answers with a server error before it works."""

FIRST: Final[Mapping[str, tuple[str, str]]] = {
    "tok_success": (AUTHORIZED, ""),
    "tok_declined": (DECLINED, "declined"),
    "tok_insufficient_funds": (DECLINED, "insufficient_funds"),
    TIMEOUT_TOKEN: (AUTHORIZED, ""),
    "tok_error": (ERRORING, ""),
    "tok_async": (PENDING, ""),
    CAPTURE_FAILS_TOKEN: (AUTHORIZED, ""),
    REFUND_FAILS_TOKEN: (AUTHORIZED, ""),
}
"""What a token writes into the log at first: status and code."""
