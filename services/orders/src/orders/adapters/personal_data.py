"""What orders tells an account of itself: its open carts and its orders."""

from __future__ import annotations

from typing import Final

from chassis.personal_data import Section

_IDS: Final = {
    "product_id": "prd",
    "variant_id": "var",
    "seller_id": "sel",
    "seller_order_id": "sor",
    "shipment_id": "shp",
    "payment_id": "pay",
    "cart_id": "cart",
}

PERSONAL_DATA: Final = (
    Section(
        "cart",
        """
SELECT id, status, currency, country, email, shipping_address, created_at, updated_at,
    (SELECT coalesce(jsonb_agg(item - 'id' - 'seller_name' - 'category_id'), '[]')
     FROM jsonb_array_elements(items) AS item) AS items
FROM cart WHERE account_id = %(account_id)s AND status = 'open' AND id > %(after)s
ORDER BY id LIMIT %(limit)s
""",
        {"id": "cart"},
    ),
    Section(
        "order",
        """
SELECT o.id, o.number, o.status, o.payment_status, o.fulfilment_status, o.cancel_reason, o.email,
    o.locale, o.shipping_address, o.currency, o.subtotal_minor, o.discount_minor,
    o.shipping_minor, o.tax_minor, o.duty_minor, o.tax_included_minor, o.total_minor,
    o.payment_id, o.created_at, o.confirmed_at, o.updated_at,
    (SELECT jsonb_agg(jsonb_build_object('product_id', l.product_id, 'variant_id', l.variant_id,
         'seller_id', l.seller_id, 'title', l.title, 'sku', l.sku, 'quantity', l.quantity,
         'unit_price_minor', l.unit_price_minor, 'line_total_minor', l.line_total_minor)
         ORDER BY l.position)
     FROM order_line l WHERE l.order_id = o.id) AS lines,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('shipment_id', s.id, 'carrier', s.carrier,
         'tracking_number', s.tracking_number, 'status', s.status, 'events', s.events,
         'created_at', s.created_at) ORDER BY s.created_at), '[]')
     FROM shipment s WHERE s.order_id = o.id) AS shipments
FROM orders o WHERE o.account_id = %(account_id)s AND o.id > %(after)s
ORDER BY o.id LIMIT %(limit)s
""",
        {"id": "ord", **_IDS},
    ),
)
