"""Orders as rows: TypeIDs become UUIDs on the way in and TypeIDs again on the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chassis.context import current_trace_id, current_traceparent
from chassis.ids import format_id, parse_id
from orders.adapters.cart_store import address_record
from orders.adapters.event_messages import outgoing
from orders.adapters.shipment_rows import cancellation_of, json_text, shipment_of, typeid_of
from orders.app.ports import Holder, Key
from orders.domain.address import Address
from orders.domain.cart import Cart
from orders.domain.checkout import Checkout, Event, Transition
from orders.domain.money import ROUNDING_POLICY, Totals
from orders.domain.order import NextAction, Order, OrderLine, Refusal, SellerOrder
from orders.domain.saga import PaymentMethod, Saga, StepTaken
from orders.domain.shipment import CANCELLED

Row = Mapping[str, Any]


def place_record(
    cart: Cart, checkout: Checkout, key: Key, holder: Holder | None
) -> dict[str, object]:
    """Return what the placing statement reads of one order, but for the event."""
    order, saga = checkout.order, checkout.saga
    totals = order.totals
    return {
        "id": parse_id("ord", order.id),
        "cart_id": parse_id("cart", cart.id),
        "cart_version": cart.version,
        "number": order.number,
        "account_id": parse_id("usr", order.account_id) if order.account_id else None,
        "token_generation": order.token_generation,
        "currency": order.currency,
        "email": order.email,
        "locale": order.locale,
        "shipping_address": address_record(order.shipping_address),
        "subtotal": totals.subtotal,
        "discount": totals.discount,
        "shipping": totals.shipping,
        "tax": totals.tax,
        "duty": totals.duty,
        "tax_included": totals.tax_included,
        "total": totals.total,
        "rounding_policy": ROUNDING_POLICY,
        "expires_at": order.expires_at,
        "created_at": order.created_at,
        "step": saga.step,
        "next_at": saga.next_attempt_at,
        "hold_until": saga.hold_until,
        "payment_method": asdict(saga.method) if saga.method else None,
        "traceparent": saga.traceparent,
        "steps": _step_records(saga.history, saga.traceparent),
        "parts": [_part_record(part) for part in order.seller_orders],
        "lines": [_line_record(position, line) for position, line in enumerate(order.lines)],
        "key_scope": key.scope,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "holder": holder.key if holder else None,
        "units": sum(line.quantity for line in order.lines),
        "most": holder.most if holder else None,
    }


def saga_params(transition: Transition) -> dict[str, object]:
    """Return the guard and the saga's new state."""
    before, saga = transition.before, transition.after.saga
    return {
        "id": parse_id("ord", before.order.id),
        "from_version": before.order.version,
        "from_step": before.saga.step,
        "step": saga.step,
        "attempts": saga.attempts,
        "next_at": saga.next_attempt_at,
        "hold_until": saga.hold_until,
        "steps": json_text(_step_records(transition.steps_taken, saga.traceparent)),
    }


def move_record(transition: Transition) -> dict[str, object]:
    """Return the guard and the new state of order and saga, and the event."""
    order = transition.after.order
    saga = transition.after.saga
    record = saga_params(transition)
    record.update(
        steps=_step_records(transition.steps_taken, saga.traceparent),
        status=order.status,
        payment_status=order.payment_status,
        cancel_reason=order.cancel_reason,
        payment_id=parse_id("pay", order.payment_id) if order.payment_id else None,
        payment_sequence=order.payment_sequence,
        next_action=asdict(order.next_action) if order.next_action else None,
        refusal=asdict(order.refusal) if order.refusal else None,
        expires_at=order.expires_at,
        confirmed_at=order.confirmed_at,
        updated_at=order.updated_at,
        version=order.version,
    )
    if transition.event:
        record.update(event_record(transition.event, order, saga.traceparent))
    return record


def end_record(transition: Transition) -> dict[str, object]:
    """Return the guard and the event of a settled order."""
    order, traceparent = transition.after.order, transition.after.saga.traceparent
    record: dict[str, object] = {
        "id": parse_id("ord", order.id),
        "from_version": transition.before.order.version,
        "updated_at": order.updated_at,
        "steps": _step_records(transition.steps_taken, traceparent),
    }
    if transition.event:
        record.update(event_record(transition.event, order, traceparent))
    return record


def event_record(name: Event, order: Order, traceparent: str) -> dict[str, object]:
    """Return an event as a statement reads it; without a request it keeps the order's trace."""
    event = outgoing(name, order)
    return {
        "event_id": event.id,
        "event_name": name,
        "aggregate": order.id,
        "payload": "\\x" + event.message.SerializeToString().hex(),
        "traceparent": current_traceparent() or traceparent,
    }


def id_array(ids: Iterable[object]) -> str:
    """Return UUIDs or numbers as the text of an array: psycopg builds arrays element by element."""
    return "{" + ",".join(map(str, ids)) + "}"


def checkout_of(row: Row) -> Checkout:
    """Return the order and the saga of a row."""
    method = row["payment_method"]
    saga = Saga(
        step=row["saga_step"],
        attempts=row["saga_attempts"],
        next_attempt_at=row["saga_next_at"],
        hold_until=row["hold_until"],
        method=PaymentMethod(**method) if method else None,
        traceparent=row["traceparent"],
        history=tuple(step_of(step) for step in row["steps"]),
    )
    return Checkout(order_of(row), saga)


def step_of(stored: Row) -> StepTaken:
    """Return a step as it stands in a row."""
    return StepTaken(
        step=stored["step"],
        at=datetime.fromisoformat(stored["at"]),
        note=stored.get("note", ""),
        trace_id=stored.get("trace_id", ""),
    )


def order_of(row: Row) -> Order:
    """Return the order of a row."""
    action, refusal = row["next_action"], row["refusal"]
    taking = row["shipments"] or ()
    return Order(
        id=format_id("ord", row["id"]),
        cart_id=format_id("cart", row["cart_id"]),
        number=row["number"],
        account_id=format_id("usr", row["account_id"]) if row["account_id"] else "",
        token_generation=row["token_generation"],
        status=row["status"],
        payment_status=row["payment_status"],
        fulfilment_status=row["fulfilment_status"],
        cancel_reason=row["cancel_reason"],
        currency=row["currency"],
        email=row["email"],
        locale=row["locale"],
        shipping_address=Address(**row["shipping_address"]),
        lines=tuple(_line(line) for line in row["lines"]),
        seller_orders=tuple(_part(part) for part in row["parts"]),
        totals=_totals(row),
        payment_id=format_id("pay", row["payment_id"]) if row["payment_id"] else "",
        payment_sequence=row["payment_sequence"],
        next_action=_action(action) if action else None,
        refusal=Refusal(**refusal) if refusal else None,
        expires_at=row["expires_at"],
        confirmed_at=row["confirmed_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        shipments=tuple(shipment_of(each) for each in taking if each["status"] != CANCELLED),
        cancellations=tuple(
            cancellation_of(each) for each in taking if each["status"] == CANCELLED
        ),
    )


def _step_records(taken: Sequence[StepTaken], traceparent: str) -> list[dict[str, object]]:
    """Return steps as they are stored: without what they have in common with the row."""
    trace_id = current_trace_id()
    common = {"trace_id": trace_id} if trace_id and trace_id not in traceparent else {}
    return [
        {"step": each.step, "at": each.at, **({"note": each.note} if each.note else {}), **common}
        for each in taken
    ]


def _part_record(part: SellerOrder) -> dict[str, object]:
    totals = part.totals
    return {
        "id": parse_id("sor", part.id),
        "seller_id": parse_id("sel", part.seller_id),
        "seller_name": part.seller_name,
        "subtotal_minor": totals.subtotal,
        "discount_minor": totals.discount,
        "shipping_minor": totals.shipping,
        "tax_minor": totals.tax,
        "duty_minor": totals.duty,
        "tax_included_minor": totals.tax_included,
        "total_minor": totals.total,
    }


def _line_record(position: int, line: OrderLine) -> dict[str, object]:
    return {
        "id": parse_id("item", line.id),
        "seller_order_id": parse_id("sor", line.seller_order_id),
        "position": position,
        "variant_id": parse_id("var", line.variant_id),
        "product_id": parse_id("prd", line.product_id),
        "seller_id": parse_id("sel", line.seller_id),
        "category_id": parse_id("cat", line.category_id) if line.category_id else None,
        "title": line.title,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "line_total_minor": line.line_total_minor,
        "discount_minor": line.discount_minor,
        "shipping_minor": line.shipping_minor,
        "tax_minor": line.tax_minor,
        "duty_minor": line.duty_minor,
        "tax_included_minor": line.tax_included_minor,
    }


def _line(row: Row) -> OrderLine:
    return OrderLine(
        id=typeid_of("item", row["id"]),
        seller_order_id=typeid_of("sor", row["seller_order_id"]),
        variant_id=typeid_of("var", row["variant_id"]),
        product_id=typeid_of("prd", row["product_id"]),
        seller_id=typeid_of("sel", row["seller_id"]),
        category_id=typeid_of("cat", row["category_id"]) if row["category_id"] else "",
        title=row["title"],
        sku=row["sku"],
        quantity=row["quantity"],
        unit_price_minor=row["unit_price_minor"],
        discount_minor=row["discount_minor"],
        shipping_minor=row["shipping_minor"],
        tax_minor=row["tax_minor"],
        duty_minor=row["duty_minor"],
        tax_included_minor=row["tax_included_minor"],
    )


def _part(row: Row) -> SellerOrder:
    return SellerOrder(
        id=typeid_of("sor", row["id"]),
        seller_id=typeid_of("sel", row["seller_id"]),
        seller_name=row["seller_name"],
        status=row["status"],
        fulfilment_status=row["fulfilment_status"],
        totals=_totals(row),
    )


def _totals(row: Row) -> Totals:
    return Totals(
        subtotal=row["subtotal_minor"],
        discount=row["discount_minor"],
        shipping=row["shipping_minor"],
        tax=row["tax_minor"],
        duty=row["duty_minor"],
        tax_included=row["tax_included_minor"],
    )


def _action(stored: Row) -> NextAction:
    return NextAction(
        type=stored["type"],
        payment_id=stored["payment_id"],
        url=stored["url"],
        expires_at=datetime.fromisoformat(stored["expires_at"]),
    )
