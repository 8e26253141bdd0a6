"""API keys over gRPC: what a key is good for, and what it never reaches."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.auth import AccessTokenVerifier
from chassis.database import Database
from identity.domain.api_key import SCOPES
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.identity.v1 import account_pb2, api_key_pb2, auth_pb2, key_pb2, seller_pb2


async def made(client: Client, person: Person, *scopes: str) -> Any:
    return await client.call(
        client.api_keys.CreateApiKey,
        api_key_pb2.CreateApiKeyRequest(
            name=" Stock keeper ", scopes=scopes or ["catalog:read"], expires_in_days=30
        ),
        person,
    )


async def exchanged(client: Client, secret: str) -> Any:
    return await client.call(
        client.api_keys.ExchangeApiKey, api_key_pb2.ExchangeApiKeyRequest(secret=secret)
    )


async def test_a_key_is_exchanged_for_a_token_that_says_what_it_may(
    client: Client, grant: Any
) -> None:
    person = await client.person()
    await grant(person, "admin")
    seller = await client.call(
        client.sellers.OpenSeller,
        seller_pb2.OpenSellerRequest(name="Duka", country="KE", currency="KES"),
        person,
    )
    answer = await made(client, person, "orders:read", "catalog:write", "orders:read")
    token = await exchanged(client, answer.secret)

    async def jwks() -> str:
        found = await client.call(client.keys.GetJwks, key_pb2.GetJwksRequest())
        return str(found.jwks_json)

    actor = await AccessTokenVerifier(jwks).verify(token.access_token)
    assert actor.account_id == person.id
    assert actor.session_id == answer.api_key.id
    assert actor.scopes == {"catalog:write", "orders:read"}
    assert actor.roles == {"buyer"}
    assert actor.memberships == {seller.seller.id: "owner"}
    assert token.expires_in_s == 600


async def test_a_secret_is_told_once_and_stored_nowhere(client: Client, db: Database) -> None:
    person = await client.person()
    answer = await made(client, person)
    assert answer.secret.startswith("soko_")
    assert len(answer.secret) == 48
    listed = await client.call(
        client.api_keys.ListApiKeys, api_key_pb2.ListApiKeysRequest(), person
    )
    [key] = listed.api_keys
    assert key == answer.api_key
    assert (key.name, key.prefix) == ("Stock keeper", answer.secret[:11])
    assert key.expires_at.seconds - key.created_at.seconds == 30 * 86400
    rows = await db.fetch_all("SELECT to_jsonb(k)::text AS text FROM api_key k")
    assert not [row for row in rows if answer.secret[11:] in row["text"]]


async def test_a_revoked_key_is_no_longer_exchanged(client: Client) -> None:
    person = await client.person()
    answer = await made(client, person)
    revoke = api_key_pb2.RevokeApiKeyRequest(api_key_id=answer.api_key.id)
    stranger = await refusal(
        client.call(client.api_keys.RevokeApiKey, revoke, await client.person())
    )
    await client.call(client.api_keys.RevokeApiKey, revoke, person)
    again = await refusal(client.call(client.api_keys.RevokeApiKey, revoke, person))
    error = await refusal(exchanged(client, answer.secret))
    assert (stranger.code, again.code) == ("not_found", "not_found")
    assert (error.kind, error.code) == ("unauthenticated", "invalid_api_key")
    listing = auth_pb2.ListRevokedSessionsRequest()
    revoked = await client.call_as_service(
        client.auth.ListRevokedSessions, listing, "gateway-itself"
    )
    assert answer.api_key.id in revoked.api_key_ids


@pytest.mark.parametrize("secret", ["", "soko_", "soko_" + "A" * 43, "\0", "x" * 100_000])
async def test_what_is_no_key_is_refused(client: Client, secret: str) -> None:
    assert (await refusal(exchanged(client, secret))).code == "invalid_api_key"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["accounts:write"]}, "/scopes"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": 367}, "/expires_in_days"),
    ],
)
async def test_a_wrong_key_is_not_made(
    client: Client, changes: dict[str, Any], pointer: str
) -> None:
    person = await client.person()
    request: dict[str, Any] = {"name": "k", "scopes": ["orders:read"], "expires_in_days": 1}
    error = await refusal(
        client.call(
            client.api_keys.CreateApiKey,
            api_key_pb2.CreateApiKeyRequest(**{**request, **changes}),
            person,
        )
    )
    assert error.code == "validation_failed"
    assert [violation.pointer for violation in error.violations] == [pointer]


async def test_no_key_reaches_what_identity_keeps(client: Client) -> None:
    person = await client.person()
    answer = await made(client, person, *SCOPES)
    token = (await exchanged(client, answer.secret)).access_token
    calls = [
        (client.api_keys.CreateApiKey, api_key_pb2.CreateApiKeyRequest(name="k", scopes=SCOPES)),
        (client.api_keys.ListApiKeys, api_key_pb2.ListApiKeysRequest()),
        (
            client.api_keys.RevokeApiKey,
            api_key_pb2.RevokeApiKeyRequest(api_key_id=answer.api_key.id),
        ),
        (client.accounts.GetMe, account_pb2.GetMeRequest()),
        (client.accounts.UpdateMe, account_pb2.UpdateMeRequest(name="X")),
        (client.auth.Logout, auth_pb2.LogoutRequest()),
        (client.auth.CreateWsTicket, auth_pb2.CreateWsTicketRequest()),
        (client.sellers.OpenSeller, seller_pb2.OpenSellerRequest(name="X")),
    ]
    for method, request in calls:
        error = await refusal(client.call(method, request, token))
        assert (error.kind, error.code) == ("forbidden", "insufficient_scope")
    assert (await exchanged(client, answer.secret)).access_token
