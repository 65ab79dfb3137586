"""A program as a type checker sees it. Each ``type: ignore`` is an error that must be found."""

from __future__ import annotations

from contextlib import aclosing
from typing import assert_type

from gatepass.client import (
    ClientSettings,
    Connector,
    FaultTolerantLink,
    Link,
    MemoryStore,
    Scenario,
    connect,
)
from gatepass.keys import KeyRing
from gatepass.session.effects import Effect

US = ClientSettings("ABC123U", "OP1", "G", "US", "SYS", "1.0", "VENDOR")
KEYS = KeyRing([])
STORE = MemoryStore()
BACKUP = ("localhost", 9444)


async def one_link() -> None:
    async with connect("localhost", 9443, US, KEYS, STORE, scenario=Scenario.MID_WEEK) as link:
        assert_type(link, Link)


async def link_after_link() -> None:
    async for link in connect("localhost", 9443, US, KEYS, STORE, observe=observe):
        assert_type(link, Link)
    async with aclosing(connect("localhost", 9443, US, KEYS, STORE)) as links:
        assert_type(links, Connector[Link])
        assert_type(await anext(links), Link)


async def fault_tolerant() -> None:
    async with connect("localhost", 9443, US, KEYS, STORE, backup=BACKUP) as link:
        assert_type(link, FaultTolerantLink)
    async for again in connect(
        "localhost", 9443, US, KEYS, STORE, backup=BACKUP, observe=observe_both
    ):
        assert_type(again, FaultTolerantLink)


def observe(effect: Effect) -> None: ...


def observe_both(which: str, effect: Effect) -> None: ...


def wrong(address: str) -> None:
    connect("localhost", "9443", US, KEYS, STORE)  # type: ignore[call-overload]
    connect("localhost", 9443, US, KEYS)  # type: ignore[call-overload]
    connect("localhost", 9443, US, KEYS, STORE, backup=address)  # type: ignore[call-overload]
    connect("localhost", 9443, US, KEYS, STORE, scenario="mid-week")  # type: ignore[call-overload]
    connect("localhost", 9443, US, KEYS, STORE, guard=False)  # type: ignore[call-overload]
    connect("localhost", 9443, US, KEYS, STORE, tell=print)  # type: ignore[call-overload]
    connect("localhost", 9443, US, KEYS, STORE, observe=observe_both)  # type: ignore[arg-type]
