from dataclasses import replace
from uuid import UUID

import pytest

from chassis.clock import FixedClock
from chassis.cursors import CursorCodec
from chassis.errors import ServiceError
from chassis.ids import format_id
from notifications.adapters.catalogs import CatalogNoticeTexts
from notifications.app.language import AccountLanguage
from notifications.app.list_messages import ListMessages, list_messages
from notifications.app.list_notifications import ListNotifications, list_notifications
from notifications.app.mark_read import MarkRead, mark_read
from notifications.app.ports import StoredMessage
from notifications.domain.errors import NotificationNotFound, UnknownGroup
from notifications.domain.mail import Contact
from notifications.domain.notices import Notice
from services.notifications.tests.builders import NOON, an_id
from services.notifications.tests.fakes import FakeContacts, FakeInbox, FakeMessageLog

ACCOUNT = an_id("usr")
TEXTS = CatalogNoticeTexts()
CURSORS = CursorCodec("s" * 32)


def a_notice(**changes) -> Notice:
    notice = Notice(
        an_id("ntf"), ACCOUNT, "order_confirmed", an_id("ord"), {"number": "4821-7730-1"}, NOON
    )
    return replace(notice, **changes)


async def english(account_id: str, wish: str) -> str:
    return wish or "en"


async def listed(inbox, limit=2, cursor="", account=ACCOUNT):
    query = ListNotifications(account, limit, cursor, "")
    return await list_notifications(query, inbox, TEXTS, english, CURSORS)


async def test_pages_run_from_new_to_old_without_holes_while_entries_are_added():
    inbox = FakeInbox([a_notice(id=format_id("ntf", UUID(int=n))) for n in range(1, 6)])
    expected = [n.id for n in reversed(inbox.notices)]
    seen, cursor = [], ""
    while True:
        page = await listed(inbox, cursor=cursor)
        seen += [entry.notice.id for entry in page.entries]
        inbox.notices.append(a_notice())
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == expected


async def test_a_cursor_serves_its_own_inbox_only():
    page = await listed(FakeInbox([a_notice() for _ in range(3)]))
    with pytest.raises(ServiceError) as caught:
        await listed(FakeInbox(), cursor=page.next_cursor, account=an_id("usr"))
    assert caught.value.code == "invalid_cursor"


async def test_an_entry_is_read_once_for_good():
    inbox = FakeInbox([a_notice()])
    command = MarkRead(ACCOUNT, inbox.notices[0].id, "fr", NOON)
    for _ in range(2):
        entry = await mark_read(command, inbox, TEXTS, english)
        assert entry.notice.read
        assert entry.title == "La commande 4821-7730-1 est confirmée"
    assert (await listed(inbox)).unread == 0


async def test_anothers_entry_does_not_exist():
    inbox = FakeInbox([a_notice()])
    with pytest.raises(NotificationNotFound):
        await mark_read(
            MarkRead(an_id("usr"), inbox.notices[0].id, "", NOON), inbox, TEXTS, english
        )


async def test_the_accounts_language_is_asked_for_once_a_minute():
    contacts = FakeContacts({ACCOUNT: Contact("", "", "ar")})

    async def registered(account_id: str) -> str:
        return "sw"

    language_of = AccountLanguage(contacts, registered, FixedClock(NOON))
    assert [await language_of(ACCOUNT, "") for _ in range(3)] == ["ar"] * 3
    assert contacts.asked == 1
    assert await language_of(ACCOUNT, "fr-FR") == "fr"
    assert await language_of(ACCOUNT, "de-DE") == "ar"


async def test_the_registered_language_serves_while_identity_is_away():
    async def registered(account_id: str) -> str:
        return "sw-KE"

    language_of = AccountLanguage(FakeContacts(away=True), registered, FixedClock(NOON))
    assert await language_of(ACCOUNT, "") == "sw"


async def test_a_client_that_was_away_gets_what_it_missed():
    group = f"order_{an_id('ord')}"
    log = FakeMessageLog([StoredMessage(group, n, "{}") for n in range(1, 8)])

    async def numbers(after):
        found = await list_messages(ListMessages(group, after), log)
        assert found.last_sequence == 7
        return [m.sequence for m in found.messages]

    assert await numbers(4) == [5, 6, 7]
    assert await numbers(7) == []
    assert await numbers(None) == [7]
    assert await numbers(-5) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("group", ["", "order_x", "user_ord_1", "soko.>", "order_usr_" + "0" * 26])
async def test_a_name_that_no_group_can_have_is_unknown(group):
    with pytest.raises(UnknownGroup):
        await list_messages(ListMessages(group, 0), FakeMessageLog())
