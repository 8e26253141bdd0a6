"""Stop to believe in the tokens of a signing key before its time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chassis.clock import Clock
from identity.app.ports import SigningKeys
from identity.domain.errors import KeyInUse, KeyStillBelieved, SigningKeyNotFound
from identity.domain.session import ACCESS_TOKEN_LIFE
from identity.domain.signing_key import SigningKey, next_of, signer_of


@dataclass(frozen=True, slots=True)
class RetireSigningKey:
    """The operator of the machine gives a key up; ``force`` although tokens of it may be alive."""

    key_id: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class RetireSigningKeyHandler:
    """Handles RetireSigningKey. It asks for no caller: never offer it over the network."""

    keys: SigningKeys
    clock: Clock

    async def handle(self, command: RetireSigningKey) -> SigningKey:
        """Return the retired key.

        Raises SigningKeyNotFound, KeyInUse for the key that signs or will, and KeyStillBelieved
        while tokens of it may be alive and it is not forced.
        """
        async with self.keys.changing() as keys:
            now = self.clock.now()
            key = next((known for known in keys.known if known.id == command.key_id), None)
            if key is None:
                raise SigningKeyNotFound
            signer = signer_of(keys.known, now)
            if signer is None or key in (signer, next_of(keys.known, now)):
                raise KeyInUse
            if not key.is_published(now):
                return key
            if not command.force and now < signer.signs_from + ACCESS_TOKEN_LIFE:
                raise KeyStillBelieved
            retired = replace(key, retires_at=now)
            keys.put(retired)
        return retired
