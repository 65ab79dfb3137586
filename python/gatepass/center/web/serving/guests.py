"""The connections of a server: so many at most, and who lets it wait longest goes first."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable


class Guest:
    """One connection. ``send_away`` ends it at once; whose it is, is its ``origin``.

    ``came_at`` is by the clock of event loops, `time.monotonic`.
    """

    __slots__ = ("_guests", "came_at", "origin", "send_away")

    def __init__(self, guests: Guests, origin: str, send_away: Callable[[], object]) -> None:
        self._guests = guests
        self.origin = origin
        self.send_away = send_away
        self.came_at = time.monotonic()

    def waits(self) -> None:
        """The next step is the client's: to send a request, or to take an answer."""
        self._guests.note_waiting(self)

    def is_served(self) -> None:
        """The next step is the server's."""
        self._guests.note_served(self)

    def goes(self) -> None:
        """The connection is over. To say so twice does no harm."""
        self._guests.note_gone(self)


class Guests:
    """Counts connections. With ``most`` of them, one that waits for its client makes room.

    It is the one that has waited longest of the origin that has most of those: a client that
    opens many loses its own, and not those of others.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: set[Guest] = set()
        # Dictionaries remember in which order their keys came.
        self._waiting: defaultdict[str, dict[Guest, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, origin: str, send_away: Callable[[], object]) -> Guest | None:
        """Take one more, which waits for its client; ``None``: all others are being served."""
        if len(self._all) >= self._most and not self.make_room():
            return None
        guest = Guest(self, origin, send_away)
        self._all.add(guest)
        guest.waits()
        return guest

    def make_room(self) -> bool:
        """Send one away, and tell whether there was one that waits for its client."""
        if not self._waiting:
            return False
        crowd = max(self._waiting.values(), key=len)
        guest = next(iter(crowd))
        self.note_gone(guest)
        guest.send_away()
        return True

    def note_waiting(self, guest: Guest) -> None:
        """Put a guest behind all others that wait, unless it waits already."""
        if guest in self._all:
            self._waiting[guest.origin].setdefault(guest)

    def note_served(self, guest: Guest) -> None:
        """Take a guest out of those that wait."""
        crowd = self._waiting.get(guest.origin)
        if crowd is not None:
            crowd.pop(guest, None)
            if not crowd:
                del self._waiting[guest.origin]

    def note_gone(self, guest: Guest) -> None:
        """Forget a guest."""
        self.note_served(guest)
        self._all.discard(guest)
