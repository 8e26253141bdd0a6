"""Certificates between services: who a process is, and whom it believes (mutual TLS).

A certificate names its process as a DNS name among its subject alternative names (RFC 5280); that
one name is what servers know a caller by and what clients expect of a server, whatever the address
is. One authority of the deployment's own signs them all, and nobody else is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc


def is_local(address: str) -> bool:
    """Tell whether a gRPC address is a unix socket, or nothing."""
    return not address or address.startswith("unix:")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A process's certificate chain, its key and the authority's certificate, each a PEM file."""

    cert: Path
    key: Path
    ca: Path

    def stamp(self) -> tuple[int, ...]:
        """Return what differs once a file was replaced; raises OSError when one is missing."""
        return tuple(path.stat().st_mtime_ns for path in (self.cert, self.key, self.ca))

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return what a client shows and believes; raises OSError."""
        return grpc.ssl_channel_credentials(
            self.ca.read_bytes(), self.key.read_bytes(), self.cert.read_bytes()
        )

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return what a server shows and believes; each new connection gets the files of its time.

        Raises OSError when they cannot be read now; later ones that cannot be read are left aside.
        """
        configuration = self._configuration()
        seen = self.stamp()

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal seen
            try:
                stamp = self.stamp()
                if stamp == seen:
                    return None
                found = self._configuration()
            except OSError:
                return None
            seen = stamp
            return found

        return grpc.dynamic_ssl_server_credentials(
            configuration,
            # gRPC takes None for "as before".
            renewed,  # type: ignore[arg-type]
            require_client_authentication=True,
        )

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        pair = (self.key.read_bytes(), self.cert.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], self.ca.read_bytes())
