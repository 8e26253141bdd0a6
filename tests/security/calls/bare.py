"""Operations that take nothing."""

from __future__ import annotations

from tests.security.calls.operation import Call, operation
from tests.security.things import Things


@operation(
    "GET /.well-known/jwks.json", "GET /livez", "GET /readyz", "GET /v1/categories",
    "GET /v1/commission-rules", "GET /v1/ledger/accounts", "GET /v1/ledger/entries", "GET /v1/me",
    "GET /v1/notifications", "GET /v1/ops/reconciliation", "GET /v1/orders", "GET /v1/api-keys",
    "GET /v1/me/sessions",
    "GET /v1/payment-methods", "GET /v1/products", "POST /v1/ws-tickets",
    "POST /v1/me/email-verification", "POST /v1/me/totp", "POST /v1/me/export",
    "GET /v1/admin/audit-log", "GET /v1/ops/audit",
    "GET /v1/ops/consumers", "GET /v1/ops/dead-letters", "GET /v1/ops/services",
)  # fmt: skip
async def nothing(things: Things, caller: str) -> Call:
    return Call()
