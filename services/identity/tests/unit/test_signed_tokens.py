import base64
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from chassis.auth import AccessTokenVerifier
from chassis.clock import SystemClock
from chassis.ids import format_id, new_id
from identity.adapters.keyring import Keyring
from identity.adapters.signed_tokens import SignedTokens
from identity.adapters.vault import Vault
from identity.app.ports import ChangingKeys
from identity.domain.account import MAX_CLAIMED_SELLERS, Membership
from identity.domain.signing_key import SigningKey
from identity.settings import IdentitySettings, seed_of
from services.identity.tests.builders import make_account

SEED = bytes(range(32))


def claims_of(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


class NoRotation:
    """Stands for a database without signing keys."""

    async def all(self) -> Sequence[SigningKey]:
        return ()

    def changing(self) -> AbstractAsyncContextManager[ChangingKeys]:
        raise AssertionError("nobody rotates here")


def keyring_of(seed: bytes = SEED) -> Keyring:
    return Keyring(NoRotation(), Vault([SEED]), seed, SystemClock())


async def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """The example of RFC 8037, A.1 to A.3."""
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    [key] = json.loads(await keyring_of(seed).jwks_json())["keys"]
    assert key["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert key["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert "d" not in key


async def test_a_token_carries_the_claims_of_the_contract() -> None:
    keyring = keyring_of()
    tokens = SignedTokens(keyring)
    seller_id, session_id = new_id(), new_id()
    account = replace(
        make_account(),
        granted_roles=frozenset({"operator"}),
        memberships=(Membership(seller_id, "duka", "Duka", "owner"),),
    )
    now = datetime.now(UTC)
    token = await tokens.sign(account, session_id, now)
    issued_at = int(now.timestamp())
    assert claims_of(token) == {
        "iss": "soko",
        "aud": "soko",
        "sub": format_id("usr", account.id),
        "sid": format_id("ses", session_id),
        "roles": ["buyer", "operator"],
        "sellers": {format_id("sel", seller_id): "owner"},
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + 600,
    }
    actor = await AccessTokenVerifier(keyring.jwks_json).verify(token)
    assert actor.memberships == {format_id("sel", seller_id): "owner"}


async def test_a_token_fits_into_a_header_however_many_sellers_there_are() -> None:
    memberships = tuple(Membership(new_id(), "duka", "Duka", "fulfilment") for _ in range(200))
    account = replace(make_account(), memberships=memberships)
    token = await SignedTokens(keyring_of()).sign(account, new_id(), datetime.now(UTC))
    sellers = claims_of(token)["sellers"]
    assert isinstance(sellers, dict)
    assert list(sellers) == [
        format_id("sel", known.seller_id) for known in memberships[:MAX_CLAIMED_SELLERS]
    ]
    assert len(token) < 6000


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_seed_is_read_in_either_base64(encode: object) -> None:
    seed = bytes(range(224, 256))
    text = encode(seed).decode()  # type: ignore[operator]
    assert seed_of(text) == seed
    assert seed_of(text.rstrip("=") + "\n") == seed


@pytest.mark.parametrize("text", ["", "short", "A" * 44, "é" * 43, "!" * 43])
def test_a_wrong_seed_stops_the_start_without_being_shown(text: str) -> None:
    with pytest.raises(ValidationError) as raised:
        IdentitySettings(
            secret="x" * 32,
            database_url="postgresql:///x",
            token_signing_key=text,
            encryption_keys=base64.b64encode(SEED).decode(),
        )
    [error] = raised.value.errors()
    assert error["loc"] == ("token_signing_key",)
    assert not text or text not in error["msg"]


def test_an_encryption_key_is_derived_from_the_signing_key_and_counts_last() -> None:
    def keys_of(**changes: str) -> list[bytes]:
        return IdentitySettings(
            secret="x" * 32,
            database_url="postgresql:///x",
            token_signing_key=base64.b64encode(SEED).decode(),
            **changes,
        ).vault_keys

    [derived] = keys_of()
    assert derived == keys_of()[0] != SEED
    given = [bytes([number] * 32) for number in (1, 2)]
    text = ",".join(base64.b64encode(key).decode() for key in given)
    assert keys_of(encryption_keys=text) == [*given, derived]


@pytest.mark.parametrize("text", ["short", "A" * 44])
def test_a_wrong_encryption_key_stops_the_start_without_being_shown(text: str) -> None:
    with pytest.raises(ValidationError) as raised:
        IdentitySettings(
            secret="x" * 32,
            database_url="postgresql:///x",
            token_signing_key=base64.b64encode(SEED).decode(),
            encryption_keys=text,
        )
    [error] = raised.value.errors()
    assert error["loc"] == ("encryption_keys",)
    assert text not in error["msg"]


async def test_a_token_says_that_there_is_a_second_factor_and_until_when_it_was_shown() -> None:
    account = replace(make_account(), second_factor=True)
    now = datetime.now(UTC)
    tokens = SignedTokens(keyring_of())
    assert claims_of(await tokens.sign(account, new_id(), now))["second_factor"] is True
    stepped_up = claims_of(await tokens.sign(account, new_id(), now, now + timedelta(minutes=5)))
    assert stepped_up["stepped_up_until"] == int(now.timestamp()) + 300
