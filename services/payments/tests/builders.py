"""Things to test with, ordinary unless a test says otherwise."""

from datetime import UTC, datetime
from typing import Any

from chassis.ids import format_id, new_id
from payments.app.authorize import AuthorizeOrder
from payments.domain.payment import Attempt, Payment
from payments.domain.splits import Split

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SELLER = format_id("sel", new_id())
OTHER_SELLER = format_id("sel", new_id())


def make_split(line: str = "item_a", seller: str = SELLER, **parts: Any) -> Split:
    values: dict[str, Any] = {"quantity": 1, "goods_minor": 1000, **parts}
    seller_order_id = values.pop("seller_order_id", "sor_" + seller[4:])
    return Split(line, seller_order_id, seller, "", **values)


def make_payment(*splits: Split, token: str = "tok_success", **values: Any) -> Payment:
    parts = splits or (make_split(),)
    values.setdefault("provider", "sandbox")
    return Payment(
        id=new_id(),
        order_id=values.pop("order_id", None) or new_id(),
        amount_minor=sum(split.amount_minor for split in parts),
        currency="KES",
        splits=parts,
        created_at=NOW,
        attempt=Attempt(new_id(), token, "", NOW, NOW),
        **values,
    )


def make_order(token: str = "tok_success", *splits: Split, **values: Any) -> AuthorizeOrder:
    parts = splits or (make_split(),)
    return AuthorizeOrder(
        **{
            "order_id": new_id(),
            "amount_minor": sum(split.amount_minor for split in parts),
            "currency": "KES",
            "method_type": "sandbox",
            "token": token,
            "phone": "",
            "splits": parts,
            "expires_at": None,
            **values,
        }
    )
