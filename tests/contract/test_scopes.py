"""The scopes that the gateway asks for are those that identity gives."""

from typing import get_args

from gateway.rules import Scope
from identity.domain.api_key import SCOPES


def test_gateway_and_identity_know_the_same_scopes() -> None:
    assert get_args(Scope) == SCOPES
