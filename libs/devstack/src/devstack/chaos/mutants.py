"""The planted defects: each one that reliability depends on not being there."""

from __future__ import annotations

from typing import Final

from devstack.chaos.planting import Edit, Mutant

_CATALOG = "services/catalog/src/catalog"
_ORDERS = "services/orders/src/orders"
_PAYMENTS = "services/payments/src/payments"
_CHASSIS = "libs/chassis/src/chassis"
_STOCK = f"{_CATALOG}/migrations/sql/0001_stock_functions.sql"

MUTANTS: Final = (
    Mutant(
        "stock-guard",
        "a reserve takes what is not there",
        (
            Edit(_STOCK, "ELSIF p_demands[i] > coalesce(free, 0) THEN", "ELSIF false THEN"),
            Edit(_STOCK, "taken := least(wanted, place.free);", "taken := wanted;"),
            Edit(
                _STOCK,
                "WHERE k.variant_id = p_variant_ids[i] AND k.on_hand - k.held - k.allocated > 0",
                "WHERE k.variant_id = p_variant_ids[i]",
            ),
            Edit(
                f"{_CATALOG}/migrations/sql/0001_tables.sql",
                "CHECK (held + allocated <= on_hand)",
                "CHECK (true)",
            ),
        ),
        tests=("services/catalog/tests/integration/test_stock_concurrency.py",),
    ),
    Mutant(
        "stock-tombstone",
        "a release of what was not reserved leaves no tombstone for a late reserve",
        (
            Edit(
                _STOCK,
                "IF final THEN\n        INSERT INTO order_hold",
                "IF false THEN\n        INSERT INTO order_hold",
            ),
        ),
        tests=("services/catalog/tests/integration/test_stock_concurrency.py",),
    ),
    Mutant(
        "release",
        "a compensation gives no stock back",
        (
            Edit(
                f"{_ORDERS}/app/run_saga.py",
                "self._inventory.release(order.id, reason, left_s),",
                "asyncio.sleep(0, True),",
            ),
        ),
        kinds={"declined": 1},
    ),
    Mutant(
        "pay-back",
        "a compensation gives no money back",
        (
            Edit(
                f"{_ORDERS}/app/run_saga.py",
                "self._payments.cancel(order.id, reason, left_s),",
                "asyncio.sleep(0, True),",
            ),
        ),
        kinds={"cancelled": 1},
    ),
    Mutant(
        "outbox-write",
        "a confirmation is stored without its event",
        (
            Edit(
                f"{_ORDERS}/adapters/order_statements.py",
                '"outbox_append(i.event_id, i.event_name, i.aggregate, i.payload, i.traceparent)"',
                "\"CASE WHEN i.event_name <> 'order_confirmed' THEN outbox_append(i.event_id,"
                ' i.event_name, i.aggregate, i.payload, i.traceparent) END"',
            ),
        ),
        kinds={"plain": 1},
    ),
    Mutant(
        "cart-version",
        "a cart is placed that was edited meanwhile",
        (
            Edit(
                f"{_ORDERS}/adapters/order_statements.py",
                "AND cart.status = 'open' AND cart.version = i.cart_version",
                "AND cart.status = 'open'",
            ),
        ),
        tests=("services/orders/tests/integration/test_stores.py",),
    ),
    Mutant(
        "idempotency-row",
        "a checkout's key is not stored with its order",
        (
            Edit(
                f"{_ORDERS}/adapters/order_statements.py",
                "SELECT i.key_scope, i.key, i.fingerprint, i.id, i.created_at"
                " FROM placed JOIN i USING (id)",
                "SELECT i.key_scope, i.key, i.fingerprint, i.id, i.created_at"
                " FROM placed JOIN i USING (id) WHERE false",
            ),
        ),
        tests=("services/orders/tests/integration/test_stores.py",),
    ),
    Mutant(
        "expiry-compare-and-set",
        "an expiry overwrites the payment that came before it",
        (
            Edit(
                f"{_ORDERS}/adapters/order_statements.py",
                "AND o.id = i.id AND o.version = i.from_version\n"
                "      AND o.saga_step = i.from_step",
                "AND o.id = i.id",
            ),
        ),
        tests=("services/orders/tests/integration/test_stores.py",),
    ),
    Mutant(
        "settle-order",
        "money is captured for stock that could not be allocated",
        (
            Edit(
                f"{_ORDERS}/app/settle_orders.py",
                "allocated = [order_id for order_id in by_id if order_id not in missing]",
                "allocated = list(by_id)",
            ),
        ),
        tests=("services/orders/tests/unit/test_sagas.py",),
    ),
    Mutant(
        "provider-key",
        "each call to the provider has another idempotency key",
        (
            Edit(
                f"{_PAYMENTS}/adapters/sandbox.py",
                '"attempt_id": payment.attempt_id,\n            "payment_id"',
                '"attempt_id": __import__("uuid").uuid4(),\n            "payment_id"',
            ),
        ),
        kinds={"plain": 1, "timeout": 1},
    ),
    Mutant(
        "refund-lock",
        "refunds that come at once do not wait for each other",
        (
            Edit(
                f"{_PAYMENTS}/adapters/payment_statements.py",
                'LOCK = "SELECT FROM payment WHERE id = %(payment_id)s FOR UPDATE"',
                'LOCK = "SELECT FROM payment WHERE id = %(payment_id)s"',
            ),
        ),
        tests=(
            "services/payments/tests/integration/test_payment_repository.py",
            "services/payments/tests/integration/test_sandbox.py",
        ),
    ),
    Mutant(
        "inbox",
        "an event that comes twice is handled twice",
        (
            Edit(
                f"{_CHASSIS}/inbox.py",
                'return {row["event_id"] for row in rows}',
                "return set(ids) or {row for row in rows}",
            ),
        ),
        tests=("libs/chassis/tests/integration/test_consumer.py",),
    ),
    Mutant(
        "ack-before-commit",
        "an event is acknowledged before its effect is stored",
        (
            Edit(
                f"{_CHASSIS}/consumer.py",
                "        async with self._db.transaction() as session:\n            fresh = await",
                "        await self._acknowledge(deliveries)\n"
                "        async with self._db.transaction() as session:\n            fresh = await",
            ),
        ),
        kinds={"plain": 1},
        cells=("notifications.consumer.before_commit", "orders.consumer.before_commit"),
    ),
    Mutant(
        "message-id",
        "the broker cannot tell a repeated publish from a new one",
        (Edit(f"{_CHASSIS}/envelope.py", "            MESSAGE_ID: message_id,\n", ""),),
        tests=("libs/chassis/tests/integration/test_relay.py",),
    ),
    Mutant(
        "mark-before-publish",
        "the relay takes an event for published before the broker has it",
        (
            Edit(
                f"{_CHASSIS}/relay.py",
                '        failpoint("relay.after_claim")\n',
                "        await self._db.execute(\n"
                '            "UPDATE outbox SET published_at = now()'
                ' WHERE claimed_until IS NOT NULL"\n'
                "        )\n"
                '        failpoint("relay.after_claim")\n',
            ),
        ),
        kinds={"plain": 1},
        cells=("orders.relay.after_claim", "payments.relay.after_claim"),
    ),
)
