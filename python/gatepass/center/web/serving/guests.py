"""The connections of a server, up to a limit; the one that waits longest makes room."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable


class Guest:
    """One connection. ``send_away`` closes it at once; ``origin`` is the network it comes from.

    ``came_at`` is a time of `time.monotonic`, the clock of event loops.
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
        """The connection has ended. A second call does nothing."""
        self._guests.note_gone(self)


class Guests:
    """Counts connections. If there are ``most``, one that waits for its client makes room.

    It is the longest waiting one of the origin with the most waiting connections: a client that
    opens many loses its own, not those of others.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: set[Guest] = set()
        # Dictionaries keep their keys in the order of insertion.
        self._waiting: defaultdict[str, dict[Guest, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, origin: str, send_away: Callable[[], object]) -> Guest | None:
        """Add one, which waits for its client; return ``None`` if all others are being served."""
        if len(self._all) >= self._most and not self.make_room():
            return None
        guest = Guest(self, origin, send_away)
        self._all.add(guest)
        guest.waits()
        return guest

    def make_room(self) -> bool:
        """Close one that waits for its client; return whether there was one."""
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
        """Remove a guest from those that wait."""
        crowd = self._waiting.get(guest.origin)
        if crowd is not None:
            crowd.pop(guest, None)
            if not crowd:
                del self._waiting[guest.origin]

    def note_gone(self, guest: Guest) -> None:
        """Forget a guest."""
        self.note_served(guest)
        self._all.discard(guest)
