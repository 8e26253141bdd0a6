"""TOTP against the vectors of RFC 6238, and seeds that are unreadable at rest."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.exceptions import InvalidTag

from chassis.ids import new_id
from identity.adapters.totp_seeds import SealedTotpSeeds
from identity.adapters.vault import Vault
from identity.app.recovery_codes import hash_of_code, new_recovery_codes
from identity.domain.second_factor import RECOVERY_CODES, TotpFactor, is_totp_code, plain_code
from services.identity.tests.builders import make_account

OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))
SEED = b"12345678901234567890"
"""The seed of RFC 6238, appendix B."""
VECTORS = [
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
"""Time and the last six digits of appendix B's eight, for SHA-1; its first time has no step two
before it."""


@pytest.fixture
def vault() -> Vault:
    return Vault([OLD_KEY])


@pytest.fixture
def seeds(vault: Vault) -> SealedTotpSeeds:
    return SealedTotpSeeds(vault, "Soko")


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_rfc(
    vault: Vault, seeds: SealedTotpSeeds, seconds: int, code: str
) -> None:
    account_id = new_id()
    factor = TotpFactor(vault.seal(SEED, b"totp:" + account_id.bytes), True, 0)
    step = seconds // 30
    assert seeds.step_of(account_id, factor, code, at(seconds)) == step
    for late in (-30, 30):
        assert seeds.step_of(account_id, factor, code, at(seconds + late)) == step
    for too_late in (-60, 60):
        assert seeds.step_of(account_id, factor, code, at(seconds + too_late)) is None
    taken = TotpFactor(factor.sealed_seed, True, step)
    assert seeds.step_of(account_id, taken, code, at(seconds)) is None


@pytest.mark.parametrize(
    "code", ["", "00592", "0059244", "abcdef", "\uff12\uff18\uff17\uff10\uff18\uff12"]
)
def test_what_is_no_code_is_refused(vault: Vault, seeds: SealedTotpSeeds, code: str) -> None:
    account_id = new_id()
    factor = TotpFactor(vault.seal(SEED, b"totp:" + account_id.bytes), True, 0)
    assert seeds.step_of(account_id, factor, code, at(1234567890)) is None


def test_a_new_seed_is_what_apps_read(vault: Vault, seeds: SealedTotpSeeds) -> None:
    account = make_account("buyer+1@soko.example")
    seed = seeds.new(account)
    address = urlsplit(seed.otpauth_uri)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Soko:buyer+1@soko.example"
    parameters = parse_qs(address.query)
    assert parameters["secret"] == [seed.secret]
    assert parameters["issuer"] == ["Soko"]
    opened = vault.open(seed.sealed, b"totp:" + account.id.bytes)
    assert base64.b32decode(seed.secret) == opened
    assert len(opened) == 20
    assert opened not in seed.sealed
    assert seeds.new(account).secret != seed.secret


def test_a_sealed_seed_opens_for_its_account_only(seeds: SealedTotpSeeds) -> None:
    seed = seeds.new(make_account())
    with pytest.raises(InvalidTag):
        seeds.step_of(new_id(), TotpFactor(seed.sealed, True, 0), "005924", at(1234567890))


def test_a_changed_secret_does_not_open(vault: Vault) -> None:
    sealed = bytearray(vault.seal(SEED, b"here"))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        vault.open(bytes(sealed), b"here")


def test_keys_are_changed_without_losing_what_was_sealed(vault: Vault) -> None:
    sealed = vault.seal(SEED, b"here")
    both = Vault([NEW_KEY, OLD_KEY])
    assert both.open(sealed, b"here") == SEED
    assert Vault([NEW_KEY]).open(both.seal(SEED, b"here"), b"here") == SEED
    with pytest.raises(KeyError):
        Vault([NEW_KEY]).open(sealed, b"here")


def test_the_same_secret_is_never_sealed_alike(vault: Vault) -> None:
    assert vault.seal(SEED, b"here") != vault.seal(SEED, b"here")


def test_recovery_codes_are_found_however_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES
    for code in codes:
        assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}", code)
        assert not is_totp_code(plain_code(code))
        typed = f" {code.replace('-', ' ').upper()} "
        assert hash_of_code(typed) == hash_of_code(code)


def test_a_totp_code_may_have_a_gap() -> None:
    assert is_totp_code(plain_code("287 082"))
