"""A certificate authority for rehearsals: ``soko certs FOLDER``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devstack.databases import SERVICES
from devstack.replaced_file import replace_file

NAMES = {
    **{service: (service,) for service in SERVICES},
    # It runs the hourly audit.
    "notifications": ("notifications", "auditor"),
    "gateway": ("gateway", "gateway-itself"),
}
"""The names that each process's certificate bears."""

_CA_LIFE = timedelta(days=3650)
_BACKDATED = timedelta(minutes=5)
"""For clocks that are late."""


class Authority:
    """Signs certificates with a key that lies in a folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder's authority, or make one."""
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key, cert = folder / "ca.key", folder / "ca.pem"
        if not cert.exists():
            replace_file(key, _pem(made := ec.generate_private_key(ec.SECP256R1())))
            replace_file(cert, _self_signed(made).public_bytes(Encoding.PEM))
        loaded = load_pem_private_key(key.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self._key = loaded
        self._cert = x509.load_pem_x509_certificate(cert.read_bytes())

    def issue(
        self, process: str, names: tuple[str, ...], life: timedelta, mode: int = 0o600
    ) -> Path:
        """Write ``cert.pem``, ``key.pem`` and ``ca.pem`` for a process; return their folder."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        cert = (
            _builder(process, self._cert.subject, key.public_key())
            .not_valid_before(min(now, now + life) - _BACKDATED)
            .not_valid_after(now + life)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            # While two authorities are believed, their one name does not tell whose it is.
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        folder = self.folder / process
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(folder / "key.pem", _pem(key), mode)
        replace_file(folder / "ca.pem", self._cert.public_bytes(Encoding.PEM), mode)
        replace_file(folder / "cert.pem", cert.public_bytes(Encoding.PEM), mode)
        return folder


def issue_all(folder: Path, life: timedelta, mode: int = 0o600) -> list[Path]:
    """Write a certificate for every process, signed by the folder's authority; return the folders.

    Repeated, it renews the certificates under the same authority. ``mode`` is that of the files.
    """
    authority = Authority(folder)
    return [authority.issue(process, names, life, mode) for process, names in NAMES.items()]


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
    )


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name, now = "Soko development authority", datetime.now(UTC)
    return (
        _builder(name, _name(name), key.public_key())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
