import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from chassis.auth import AccessTokenVerifier
from chassis.ids import format_id, new_id
from identity.adapters.signed_tokens import SignedTokens
from identity.domain.account import MAX_CLAIMED_SELLERS, Membership
from identity.settings import IdentitySettings, seed_of
from services.identity.tests.builders import make_account

SEED = bytes(range(32))


def claims_of(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """The example of RFC 8037, A.1 to A.3."""
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    tokens = SignedTokens(seed)
    assert tokens.key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    [key] = json.loads(tokens.jwks_json)["keys"]
    assert key["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert "d" not in key


async def test_a_token_carries_the_claims_of_the_contract() -> None:
    tokens = SignedTokens(SEED)
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

    async def jwks() -> str:
        return tokens.jwks_json

    actor = await AccessTokenVerifier(jwks).verify(token)
    assert actor.memberships == {format_id("sel", seller_id): "owner"}


async def test_a_token_fits_into_a_header_however_many_sellers_there_are() -> None:
    memberships = tuple(Membership(new_id(), "duka", "Duka", "fulfilment") for _ in range(200))
    account = replace(make_account(), memberships=memberships)
    token = await SignedTokens(SEED).sign(account, new_id(), datetime.now(UTC))
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
        IdentitySettings(secret="x" * 32, database_url="postgresql:///x", token_signing_key=text)
    [error] = raised.value.errors()
    assert error["loc"] == ("token_signing_key",)
    assert not text or text not in error["msg"]
