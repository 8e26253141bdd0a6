"""What operators see of all services at once, and what they do about dead letters."""

import uuid

import pytest

from chassis.errors import conflict, unavailable
from chassis.ids import format_id, new_id
from soko.identity.v1 import key_pb2
from soko.ops.v1 import ops_pb2 as pb

pytestmark = pytest.mark.asyncio(loop_scope="module")

AWAY = ["catalog", "orders"]


def letters(*ids_and_seconds):
    found = []
    for each, seconds in ids_and_seconds:
        letter = pb.DeadLetter(
            id=each,
            event_id="evt_" + each.rpartition("_")[2],
            type="soko.orders.order_confirmed.v1",
            consumer=each.split("_")[1],
            error="ValueError: unreadable",
            attempts=8,
        )
        letter.at.FromSeconds(seconds)
        found.append(letter)
    return pb.ListDeadLettersResponse(dead_letters=found)


def answer_in_turn(running, method, *replies):
    """Let as many services answer, in whatever order they are asked; the others are away."""
    left = list(replies)

    def answer(_request, _metadata):
        if not left:
            raise unavailable("catalog")
        return left.pop(0)

    running.services.answers[method] = answer


async def read(running, path, **params):
    staff = running.issuer.bearer("operator")
    answer = await running.client.get(f"/v1/ops/{path}", params=params, headers=staff)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


@pytest.mark.parametrize("path", ["services", "dead-letters"])
async def test_a_cursor_outlives_the_secret_that_signed_it(
    services, issuer, start_gateway, make_settings, nats_url, path
):
    services.reset()
    services.answers["GetJwks"] = lambda _request, _metadata: key_pb2.GetJwksResponse(
        jwks_json=issuer.jwks
    )
    services.answers["ListDeadLetters"] = lambda _request, _metadata: letters(
        (format_id("dlt_orders", new_id()), 7)
    )
    former, present = "f" * 32, "p" * 32
    async for running in start_gateway(
        make_settings(services, nats_url, secret=former), services, issuer
    ):
        cursor = (await read(running, path, limit=1))["next_cursor"]
    settings = make_settings(services, nats_url, secret=present, accepted_secrets=former)
    async for running in start_gateway(settings, services, issuer):
        assert cursor
        await read(running, path, limit=1, cursor=cursor)


@pytest.mark.parametrize("path", ["services", "consumers", "dead-letters"])
async def test_they_are_for_operators_and_admins(running, path):
    assert (await running.client.get(f"/v1/ops/{path}")).status_code == 401
    for role, status in (("moderator", 403), ("operator", 200), ("admin", 200)):
        headers = running.issuer.bearer(role)
        answer = await running.client.get(f"/v1/ops/{path}", headers=headers)
        assert answer.status_code == status


async def test_a_service_that_is_away_is_shown_as_such(running):
    reply = pb.GetServiceStatusResponse(version="1.2.3")
    ill = pb.GetServiceStatusResponse(version="1.2.3", away=["database", "broker"])
    answer_in_turn(running, "GetServiceStatus", reply, reply, reply, ill)
    found = {each["name"]: each for each in (await read(running, "services"))["items"]}
    assert set(found) == {
        "gateway", "identity", "catalog", "orders", "payments", "notifications"
    }  # fmt: skip
    assert found.pop("gateway")["version"].count(".") == 2
    assert sorted((each["status"], each["version"], each["detail"]) for each in found.values()) == [
        ("degraded", "1.2.3", "without database and broker"),
        ("ready", "1.2.3", ""),
        ("ready", "1.2.3", ""),
        ("ready", "1.2.3", ""),
        ("unavailable", None, "catalog is not available at the moment."),
    ]


async def test_consumers_of_all_services_are_one_list_of_pages(running):
    replies = [
        pb.ListConsumersResponse(
            consumers=[pb.Consumer(name=name, stream=f"SOKO_{stream}", lag=7, redelivered=2)
                       for stream in ("IDENTITY", "PAYMENTS")]
        )
        for name in ("orders", "notifications")
    ]  # fmt: skip
    seen, cursor = [], ""
    while cursor is not None:
        answer_in_turn(running, "ListConsumers", *replies)
        page = await read(running, "consumers", limit=3, **({"cursor": cursor} if cursor else {}))
        assert len(page["unavailable"]) == 3
        seen += page["items"]
        cursor = page["next_cursor"]
    assert seen == [
        {"name": name, "stream": stream, "lag": 7, "redelivered": 2}
        for name in ("notifications", "orders")
        for stream in ("SOKO_IDENTITY", "SOKO_PAYMENTS")
    ]


async def test_dead_letters_of_all_services_stand_in_the_order_of_their_time(running):
    one, two = ([format_id(f"dlt_{name}", new_id()) for _ in range(3)] for name in AWAY)
    pages = letters((one[0], 9), (one[1], 5)), letters((two[0], 7), (two[1], 1))
    answer_in_turn(running, "ListDeadLetters", *pages)
    page = await read(running, "dead-letters", type="soko.orders.order_confirmed.v1", limit=2)
    assert [item["id"] for item in page["items"]] == [one[0], two[0]]
    assert len(page["unavailable"]) == 3
    assert page["items"][0] == {
        "id": one[0],
        "event_id": "evt_" + one[0].rpartition("_")[2],
        "type": "soko.orders.order_confirmed.v1",
        "consumer": "catalog",
        "error": "ValueError: unreadable",
        "attempts": 8,
        "at": "1970-01-01T00:00:09Z",
        "redriven_at": None,
    }
    running.services.calls.clear()
    answer_in_turn(running, "ListDeadLetters", letters((one[1], 5)), letters((two[1], 1)))
    rest = await read(
        running, "dead-letters", type="soko.orders.order_confirmed.v1", cursor=page["next_cursor"]
    )
    assert [item["id"] for item in rest["items"]] == [one[1], two[1]]
    assert rest["next_cursor"] is None
    asked = running.services.got("ListDeadLetters")[0].request
    assert (asked.before_at.seconds, asked.before_id, asked.type) == (
        7, two[0], "soko.orders.order_confirmed.v1"
    )  # fmt: skip


async def test_a_cursor_of_another_type_is_refused(running):
    letter = format_id("dlt_orders", new_id())
    answer_in_turn(running, "ListDeadLetters", letters((letter, 1)))
    page = await read(running, "dead-letters", limit=1)
    staff = running.issuer.bearer("admin")
    answer = await running.client.get(
        "/v1/ops/dead-letters",
        params={"cursor": page["next_cursor"], "type": "other"},
        headers=staff,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_a_redrive_goes_to_the_service_that_has_the_letter_with_the_key(running):
    letter = format_id("dlt_orders", new_id())
    done = letters((letter, 3)).dead_letters[0]
    done.redriven_at.FromSeconds(10)
    running.services.answers["RedriveDeadLetter"] = lambda _request, _metadata: (
        pb.RedriveDeadLetterResponse(dead_letter=done),
        {"soko-idempotent-replayed": "1"},
    )
    headers = running.issuer.bearer("operator") | {"Idempotency-Key": uuid.uuid4().hex}
    answer = await running.client.post(f"/v1/ops/dead-letters/{letter}/redrive", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert answer.json()["redriven_at"] == "1970-01-01T00:00:10Z"
    (call,) = running.services.got("RedriveDeadLetter")
    assert call.request.id == letter
    assert call.metadata["soko-idempotency-key"] == headers["Idempotency-Key"]
    assert call.metadata["authorization"] == headers["Authorization"]


async def test_what_a_service_refuses_is_told_and_what_is_nobody_s_is_not_there(running):
    def refuse(_request, _metadata):
        raise conflict("already_redriven", "It was handled at noon.")

    running.services.answers["RedriveDeadLetter"] = refuse
    headers = running.issuer.bearer("operator")
    for letter, status, code in (
        (format_id("dlt_orders", new_id()), 409, "already_redriven"),
        (format_id("dlt_gateway", new_id()), 404, "not_found"),
        ("nonsense", 404, "not_found"),
    ):
        path = f"/v1/ops/dead-letters/{letter}/redrive"
        answer = await running.client.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(running.services.got("RedriveDeadLetter")) == 1
    refused = await running.client.post(path, headers=running.issuer.bearer("moderator"))
    assert refused.status_code == 403
