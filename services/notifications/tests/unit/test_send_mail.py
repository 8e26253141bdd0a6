from datetime import timedelta

import pytest

from chassis.clock import FixedClock
from notifications.adapters.mail_templates import MailTemplates
from notifications.app.compose_mail import ComposeMail
from notifications.app.send_mail import MailSettings, SendMail
from notifications.domain.deliveries import RetryPolicy
from notifications.domain.errors import MailNotAccepted, MailRefused
from notifications.domain.mail import Contact
from services.notifications.tests.builders import NOON, a_link, an_id, an_order
from services.notifications.tests.fakes import (
    FakeContacts,
    FakeDeliveryQueue,
    FakeLinks,
    FakeOrders,
    FakeTransport,
)

RENDERER = MailTemplates()


class World:
    def __init__(self, **order) -> None:
        self.clock = FixedClock(NOON)
        self.queue, self.orders = FakeDeliveryQueue(), FakeOrders()
        self.contacts, self.transport = FakeContacts(), FakeTransport()
        self.links = FakeLinks()
        self.order = an_order(**order)
        self.orders.orders[self.order.id] = self.order
        settings = MailSettings("soko.example", RetryPolicy(max_attempts=3))
        self.send = SendMail(
            self.queue,
            ComposeMail(
                self.orders,
                self.contacts,
                self.links,
                lambda: RENDERER,
                "https://shop.example/account/",
            ),
            self.transport,
            self.clock,
            settings,
        )

    async def attempt(self) -> str:
        (delivery,) = await self.queue.claim(self.clock.now(), 90, 1)
        return await self.send(delivery)

    async def deliver(self) -> list[str]:
        self.id = await self.queue.add("order_confirmed", self.order.id, NOON)
        statuses = [await self.attempt()]
        while statuses[-1] == "pending":
            self.clock.advance(timedelta(hours=7))
            statuses.append(await self.attempt())
        return statuses


async def test_a_mail_goes_to_the_orders_address_in_the_orders_language():
    world = World(locale="fr-CA", account_id=an_id("usr"))
    assert await world.deliver() == ["succeeded"]
    ((recipient, mail, message_id),) = world.transport.sent
    assert recipient == "buyer@soko.example"
    assert mail.locale == "fr"
    assert message_id == f"<{world.id}@soko.example>"
    assert world.contacts.asked == 0


async def test_an_account_fills_in_what_its_order_does_not_say():
    account = an_id("usr")
    world = World(locale="", email="", account_id=account)
    world.contacts.contacts[account] = Contact("sample@soko.example", "Sample", "sw")
    await world.deliver()
    ((recipient, mail, _),) = world.transport.sent
    assert recipient == "sample@soko.example"
    assert "Habari Sample," in mail.text


async def test_a_temporary_refusal_is_tried_again_later():
    world = World()
    world.transport.failure = MailNotAccepted("smtp 451")
    delivery_id = await world.queue.add("order_confirmed", world.order.id, NOON)
    assert await world.attempt() == "pending"
    row = world.queue.rows[delivery_id]
    assert timedelta(seconds=4) <= row.due - NOON <= timedelta(seconds=6)
    assert row.error == "smtp 451"
    world.transport.failure = None
    world.clock.advance(timedelta(seconds=6))
    assert await world.attempt() == "succeeded"


async def test_a_mail_is_dead_after_its_last_attempt():
    world = World()
    world.transport.failure = MailNotAccepted("smtp 451")
    assert await world.deliver() == ["pending", "pending", "dead"]
    assert world.queue.rows[world.id].error == "smtp 451"


async def test_a_permanent_refusal_is_not_tried_again():
    world = World()
    world.transport.failure = MailRefused("smtp 550")
    assert await world.deliver() == ["dead"]


async def test_an_order_whose_buyer_was_forgotten_sends_nothing():
    world = World(email="")
    assert await world.deliver() == ["dropped"]
    assert not world.transport.sent


@pytest.mark.parametrize("peer", ["orders", "contacts"])
async def test_a_peer_that_is_away_puts_the_mail_off(peer):
    world = World(email="", account_id=an_id("usr"))
    getattr(world, peer).away = True
    await world.queue.add("order_confirmed", world.order.id, NOON)
    assert await world.attempt() == "pending"


async def a_link_mail(world: World, link) -> str:
    request_id = an_id("lnk")
    if link is not None:
        world.links.links[request_id] = link
    await world.queue.add("email_verification", "", NOON, {"request_id": request_id})
    return await world.attempt()


async def test_a_link_goes_to_the_address_that_identity_names():
    world = World()
    assert await a_link_mail(world, a_link(email="new@soko.example", locale="sw")) == "succeeded"
    ((recipient, mail, _),) = world.transport.sent
    assert (recipient, mail.locale) == ("new@soko.example", "sw")
    assert "https://shop.example/account/verify-email#token=secret" in mail.text


async def test_a_link_that_is_not_wanted_any_more_is_dropped():
    world = World()
    assert await a_link_mail(world, None) == "dropped"
    assert not world.queue.rows
    assert not world.transport.sent


async def test_a_link_waits_for_identity():
    world = World()
    world.links.away = True
    assert await a_link_mail(world, a_link()) == "pending"


def test_no_secret_shows_in_what_is_logged():
    assert "secret" not in repr(a_link())


async def test_attempts_that_killed_their_process_count_too():
    world = World()
    await world.queue.add("order_confirmed", world.order.id, NOON)
    for _ in range(3):
        await world.queue.claim(world.clock.now(), 90, 1)
        world.clock.advance(timedelta(seconds=91))
    assert await world.attempt() == "dead"
    assert not world.transport.sent


def test_delays_grow_to_six_hours_and_spread():
    policy = RetryPolicy()
    middle = [policy.delay_s(n, 0.5) for n in range(1, 10)]
    assert middle == [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600]
    assert [policy.delay_s(1, 0), policy.delay_s(1, 1)] == pytest.approx([4, 6])


async def test_a_changed_password_is_told_to_the_accounts_address():
    world, account = World(), an_id("usr")
    world.contacts.contacts[account] = Contact("owner@soko.example", "Owner", "fr-FR")
    await world.queue.add("password_changed", "", NOON, account_id=account)
    assert await world.attempt() == "succeeded"
    ((recipient, mail, _),) = world.transport.sent
    assert (recipient, mail.subject) == (
        "owner@soko.example",
        "Votre mot de passe a été modifié",
    )
    assert "Owner" not in mail.text


async def test_nobody_is_warned_of_an_account_that_is_gone():
    world = World()
    await world.queue.add("second_factor_removed", "", NOON, account_id=an_id("usr"))
    assert await world.attempt() == "dropped"
    assert not world.transport.sent
