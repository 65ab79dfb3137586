"""Which connection makes room when there are too many."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.web.serving.guests import Guest, Guests

_ORIGINS = st.sampled_from(["a", "b", "c"])
_STEPS = st.lists(
    st.tuples(st.sampled_from(["comes", "waits", "is_served", "goes"]), _ORIGINS, st.integers(0, 9))
)


@given(_STEPS, st.integers(1, 5))
def test_the_limit_is_never_exceeded_and_no_connection_is_closed_while_it_is_served(
    steps: list[tuple[str, str, int]], most: int
) -> None:
    guests = Guests(most)
    here: list[Guest] = []
    served: set[Guest] = set()

    def leave(guest: Guest) -> None:
        assert guest not in served
        here.remove(guest)

    for what, origin, number in steps:
        if what == "comes":
            guest = guests.admit(origin, lambda: None)
            if guest is None:
                assert len(served) == len(here) == most
            else:
                guest.send_away = lambda guest=guest: leave(guest)
                here.append(guest)
        elif here:
            guest = here[number % len(here)]
            getattr(guest, what)()
            served.discard(guest)
            if what == "is_served":
                served.add(guest)
            if what == "goes":
                here.remove(guest)
        assert len(guests) == len(here) <= most


def test_the_origin_with_most_connections_makes_room_with_its_longest_waiting_one() -> None:
    guests = Guests(4)
    gone: list[str] = []
    for number, origin in enumerate(["quiet", "loud", "loud", "loud"]):
        assert guests.admit(origin, lambda name=f"{origin} {number}": gone.append(name))
    assert guests.admit("new", lambda: None) is not None
    assert gone == ["loud 1"]
    assert guests.admit("loud", lambda: None) is not None
    assert gone == ["loud 1", "loud 2"]


def test_one_client_with_many_connections_does_not_close_those_of_others() -> None:
    guests = Guests(20)
    gone: Counter[str] = Counter()
    for origin in [*["other"] * 5, *["many"] * 500]:
        guests.admit(origin, lambda origin=origin: gone.update([origin]))
    assert gone == {"many": 485}


def test_a_connection_that_is_used_again_starts_a_new_wait() -> None:
    guests = Guests(2)
    gone: list[str] = []
    first = guests.admit("a", lambda: gone.append("first"))
    guests.admit("a", lambda: gone.append("second"))
    assert first is not None
    first.is_served()
    first.waits()
    guests.admit("a", lambda: None)
    assert gone == ["second"]
