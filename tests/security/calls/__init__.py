"""How each operation is called well, by whoever calls: a builder per line of openapi.json.

The modules register theirs when they are imported.
"""

from tests.security.calls import accounts, bare, machines, orders, sellers
from tests.security.calls.machines import OTHER_SECRET
from tests.security.calls.operation import OPERATIONS, Call

__all__ = [
    "OPERATIONS",
    "OTHER_SECRET",
    "Call",
    "accounts",
    "bare",
    "machines",
    "orders",
    "sellers",
]
