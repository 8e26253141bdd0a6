import json
from dataclasses import replace

from chassis.ids import parse_id
from notifications.adapters.catalogs import CatalogNoticeTexts
from notifications.app.record_updates import RecordUpdates, record_updates
from notifications.app.tell_messages import tell_messages
from notifications.domain.updates import AccountGone, AccountUpdate, ParcelUpdate, RefundUpdate
from services.notifications.tests.builders import NOON, an_id, an_update
from services.notifications.tests.fakes import FakeEventStore, FakePublisher


async def record(store, *updates):
    command = RecordUpdates(updates, NOON)
    return (await record_updates(command, store, CatalogNoticeTexts())).messages


async def test_a_guests_order_tells_its_own_group_only():
    store, update = FakeEventStore(), an_update("order_placed", status="pending")
    messages = await record(store, update)
    assert [m.group for m in messages] == [f"order_{update.order_id}"]
    assert messages[0].body == {
        "type": "order_status_update",
        "status": "pending",
        "payload": {
            "order_id": update.order_id,
            "payment_status": "authorized",
            "fulfilment_status": "unfulfilled",
        },
        "sequence": 1,
        "event_id": update.event_id,
    }
    assert not store.notices
    assert not store.mails


async def test_an_accounts_confirmed_order_makes_messages_a_notice_and_one_mail():
    store, account = FakeEventStore(), an_id("usr")
    update = an_update("order_confirmed", account_id=account)
    messages = await record(store, update)
    assert [(m.group.partition("_")[0], m.sequence, m.body["type"]) for m in messages] == [
        ("order", 1, "order_status_update"),
        ("user", 1, "order_status_update"),
        ("user", 2, "notification"),
    ]
    (notice,) = store.notices
    assert (notice.account_id, notice.kind) == (account, "order_confirmed")
    assert parse_id("ntf", notice.id)
    assert messages[2].body["payload"]["title"] == "Order 4821-7730-1 is confirmed"
    assert list(store.mails) == [f"order_confirmed:{update.order_id}"]


async def test_texts_follow_the_language_that_the_account_registered_with():
    store, account = FakeEventStore(), an_id("usr")
    await record(store, AccountUpdate(an_id("evt"), NOON, account, "ar-EG"))
    messages = await record(store, an_update(account_id=account))
    assert messages[2].body["payload"]["title"] == "تم تأكيد الطلب 4821-7730-1"


async def test_sequences_count_on_over_batches_without_a_gap():
    store, order = FakeEventStore(), an_id("ord")
    names = ["order_placed", "order_confirmed", "order_payment_changed"]
    first = await record(store, *[an_update(n, order_id=order) for n in names])
    second = await record(store, an_update("order_cancelled", order_id=order))
    assert [m.sequence for m in (*first, *second)] == [1, 2, 3, 4]


async def test_a_state_that_comes_late_is_not_told_any_more():
    store, order = FakeEventStore(), an_id("ord")
    await record(store, an_update("order_confirmed", order_id=order, version=3))
    late = await record(store, an_update("order_placed", order_id=order, version=1))
    assert late == []
    assert store.groups[f"order_{order}"].order_version == 3


async def test_a_failed_attempt_sends_no_mail_but_an_expired_one_is_noted_in_the_inbox():
    store, account = FakeEventStore(), an_id("usr")
    declined = an_update("order_cancelled", account_id=account, cancel_reason="payment_declined")
    expired = an_update("order_cancelled", account_id=account, cancel_reason="expired")
    await record(store, declined, expired)
    assert [n.subject_id for n in store.notices] == [expired.order_id]
    assert not store.mails


async def test_a_cancelled_order_that_had_been_confirmed_is_mailed():
    store = FakeEventStore()
    update = an_update("order_cancelled", was_confirmed=True)
    await record(store, update)
    assert list(store.mails) == [f"order_cancelled:{update.order_id}"]


async def test_the_same_fact_told_by_two_events_makes_one_mail():
    store, order = FakeEventStore(), an_id("ord")
    await record(store, an_update(order_id=order), an_update(order_id=order))
    await record(store, an_update(order_id=order))
    assert len(store.mails) == 1


async def test_each_refund_is_mailed_once():
    store = FakeEventStore()
    refund = RefundUpdate(an_id("evt"), NOON, an_id("rfd"), an_id("ord"), 1500, "KES")
    await record(store, refund, refund)
    (mail,) = store.mails.values()
    assert mail.params == {"amount_minor": 1500, "currency": "KES"}


async def test_messages_are_told_as_the_json_that_clients_get():
    store, publisher, update = FakeEventStore(), FakePublisher(), an_update()
    await tell_messages(await record(store, update), publisher)
    ((group, body),) = publisher.told
    assert group == f"order_{update.order_id}"
    assert json.loads(body)["sequence"] == 1


def a_parcel(status: str = "created", tracking_number: str = "KE1") -> ParcelUpdate:
    return ParcelUpdate(an_id("shp"), an_id("sor"), "posta", tracking_number, status)


async def test_a_parcel_is_in_the_messages_of_its_order_and_its_buyer():
    store, parcel = FakeEventStore(), a_parcel(tracking_number="")
    account = an_id("usr")
    update = an_update(
        "shipment_created",
        account_id=account,
        status="confirmed",
        fulfilment_status="partially_shipped",
        shipment=parcel,
    )
    of_order, of_user, notice = await record(store, update)
    assert of_order.body["payload"] == of_user.body["payload"]
    assert (of_order.body["type"], of_order.body["status"]) == ("order_status_update", "confirmed")
    assert of_order.body["payload"] == {
        "order_id": update.order_id,
        "payment_status": "authorized",
        "fulfilment_status": "partially_shipped",
        "shipment": {
            "id": parcel.id,
            "seller_order_id": parcel.seller_order_id,
            "carrier": "posta",
            "tracking_number": None,
            "status": "created",
        },
    }
    assert notice.body["payload"]["body"] == "It travels with posta."


async def test_a_parcel_is_mailed_when_it_leaves_and_when_it_arrives():
    store, order, account = FakeEventStore(), an_id("ord"), an_id("usr")
    parcel = a_parcel()
    states = ["in_transit", "out_for_delivery", "delivered", "returned"]
    updates = [an_update("shipment_created", order_id=order, account_id=account, shipment=parcel)]
    updates += [
        an_update(
            "shipment_status_changed",
            order_id=order,
            account_id=account,
            shipment=replace(parcel, status=status),
        )
        for status in states
    ]
    await record(store, *updates)
    assert {key: mail.params for key, mail in store.mails.items()} == {
        f"shipment_created:{parcel.id}": {"parcel": "posta KE1"},
        f"shipment_delivered:{parcel.id}": {"parcel": "posta KE1"},
    }
    assert [notice.kind for notice in store.notices] == ["shipment_created", "shipment_delivered"]


async def test_a_deleted_account_is_forgotten_and_gets_nothing_more():
    store, account = FakeEventStore(), an_id("usr")
    other = an_id("usr")
    for each in (account, other):
        await record(store, an_update(account_id=each))
    await record(store, AccountGone(an_id("evt"), NOON, account))
    assert [notice.account_id for notice in store.notices] == [other]
    late = [AccountUpdate(an_id("evt"), NOON, account, "sw"), an_update(account_id=account)]
    messages = await record(store, *late)
    assert "notification" not in {message.body["type"] for message in messages}
    assert [notice.account_id for notice in store.notices] == [other]
    assert account not in store.locales
    assert len(store.mails) == 3


async def test_each_time_that_a_seller_cancels_a_part_is_told():
    store, order, account = FakeEventStore(), an_id("ord"), an_id("usr")
    updates = [
        an_update(
            "order_items_cancelled", order_id=order, account_id=account, event_id=an_id("evt")
        )
        for _ in range(2)
    ]
    await record(store, *updates)
    assert list(store.mails) == [f"order_items_cancelled:{each.event_id}" for each in updates]
    assert [notice.kind for notice in store.notices] == ["order_items_cancelled"] * 2
