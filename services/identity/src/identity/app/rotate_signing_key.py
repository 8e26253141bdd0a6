"""Let another key sign access tokens, without a moment in which any token is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from chassis.clock import Clock
from identity.app.ports import KeyMaker, SigningKeys
from identity.domain.errors import LeadTooShort, RotationUnderWay
from identity.domain.signing_key import DEFAULT_LEAD, LEAST_LEAD, SigningKey, next_of


@dataclass(frozen=True, slots=True)
class RotateSigningKey:
    """The operator of the machine wants another key to sign.

    ``compromised`` means that somebody else may hold the present keys: the new one signs at once,
    and no token of the others is believed any more, so that every client has to refresh.
    """

    lead: timedelta = DEFAULT_LEAD
    compromised: bool = False


@dataclass(frozen=True, slots=True)
class RotateSigningKeyHandler:
    """Handles RotateSigningKey. It asks for no caller: never offer it over the network.

    The times stand in the database, so that nothing is left to do: every process publishes the new
    key from now on, signs with it from the same moment on, and forgets the old one when its last
    token has expired.
    """

    keys: SigningKeys
    maker: KeyMaker
    clock: Clock

    async def handle(self, command: RotateSigningKey) -> SigningKey:
        """Return the new key; raises RotationUnderWay or LeadTooShort."""
        if not command.compromised and command.lead < LEAST_LEAD:
            raise LeadTooShort
        async with self.keys.changing() as keys:
            now = self.clock.now()
            known = keys.known or [self.maker.of_settings(now)]
            if not command.compromised and next_of(known, now) is not None:
                raise RotationUnderWay
            signs_from = now if command.compromised else now + command.lead
            for key in known:
                if key.is_published(now):
                    ends_at = now if command.compromised else key.followed_at(signs_from)
                    keys.put(replace(key, retires_at=ends_at))
            new = self.maker.make(now, signs_from)
            keys.put(new)
        return new
