"""Finds the language in which an account is spoken to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from chassis.clock import Clock
from notifications.app.ports import ContactReader
from notifications.domain import locales
from notifications.domain.errors import SubjectUnavailable

LanguageOf = Callable[[str, str], Awaitable[str]]
"""(account id, language the client asks for) -> language that texts exist in."""

_KEPT = 10_000
_FRESH_S = 60.0


class AccountLanguage:
    """Asks identity for an account's language and remembers it for a minute."""

    def __init__(
        self,
        contacts: ContactReader,
        known: Callable[[str], Awaitable[str]],
        clock: Clock,
    ) -> None:
        self._contacts = contacts
        self._known = known
        self._clock = clock
        self._cache: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def __call__(self, account_id: str, wish: str) -> str:
        """Return the language to use: the wish if texts exist in it, else the account's.

        When identity is away, the language that the account registered with serves.
        """
        if locales.exist_in(wish):
            return locales.choose(wish)
        now = self._clock.now().timestamp()
        at, language = self._cache.get(account_id, (0.0, ""))
        if now - at < _FRESH_S:
            return language
        try:
            contact = await self._contacts.read(account_id)
        except SubjectUnavailable:
            return locales.choose(await self._known(account_id))
        language = locales.choose(contact.locale if contact else "")
        self._cache[account_id] = (now, language)
        self._cache.move_to_end(account_id)
        if len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        return language
