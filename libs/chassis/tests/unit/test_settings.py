"""Which addresses a process may have, with and without certificates."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.settings import ProcessSettings
from chassis.tls import TlsFiles

CERTIFICATE = {"tls_cert": Path("c"), "tls_key": Path("k"), "tls_ca": Path("a")}


def settings(**given: Any) -> ProcessSettings:
    return ProcessSettings(**{"secret": "s" * 32, **given})


@pytest.mark.parametrize("address", ["grpc_listen", "identity_target"])
def test_production_speaks_tcp_with_certificates_alone(address: str) -> None:
    tcp = {"environment": "production", address: "dns:///identity:50051"}
    with pytest.raises(ValidationError, match="SOKO_TLS_CERT"):
        settings(**tcp)
    assert settings(**tcp, **CERTIFICATE).tls == TlsFiles(Path("c"), Path("k"), Path("a"))
    assert settings(**{**tcp, address: "unix:/run/soko/identity.sock"}).tls is None
    assert settings(**{**tcp, "environment": "development"}).tls is None


@pytest.mark.parametrize("missing", CERTIFICATE)
def test_half_a_certificate_is_none(missing: str) -> None:
    with pytest.raises(ValidationError, match="belong together"):
        settings(**{name: path for name, path in CERTIFICATE.items() if name != missing})


def test_a_secret_signs_and_others_are_accepted_behind_it() -> None:
    assert settings().secrets == ("s" * 32,)
    several = f"{'t' * 32}, {'u' * 40},"
    assert settings(accepted_secrets=several).secrets == ("s" * 32, "t" * 32, "u" * 40)
    with pytest.raises(ValidationError, match="at least 32"):
        settings(accepted_secrets=f"{'t' * 32},short")
