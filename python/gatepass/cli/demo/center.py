"""The last part of `gatepass demo`: the life of key pairs at the Request Center.

Time is simulated, from a Monday to a month later. The gateway reads the Request Center's store, so
a change there counts at the next Logon.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gatepass.cli.demo.desk import Desk, StoryClock
from gatepass.cli.demo.live import FIRM, Rehearsal, Talk, gateway_up, talk_step
from gatepass.cli.demo.step import Step, print_all, text
from gatepass.cli.options.center import EXTRA
from gatepass.errors import ThirdPairError
from gatepass.keys import KeyFile, KeySource
from gatepass.storage import SqliteStore

if TYPE_CHECKING:
    from gatepass.center.pairs.views import PairView

#: A Monday, 09:00 in Chicago, a week before the clocks there change.
MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LEFT_OUT = "The part about the Request Center is skipped: it needs pip install 'gatepass[center]'"

LogOn = Callable[[KeySource], Talk]


def is_installed() -> bool:
    """Tell whether the extra ``center`` is installed."""
    return all(importlib.util.find_spec(package) is not None for package in EXTRA)


def tell_center(folder: Path) -> Iterator[Step]:
    """Start a Request Center in a folder, and go through the life of its key pairs."""
    clock = StoryClock(MONDAY)
    with _desk(folder, clock) as (desk, keys):
        yield Step(
            name="request center",
            title="Start a Request Center: a database, an administrator, an iLink session",
            ok=not desk.pairs(),
            show=lambda console: print_all(
                console, text(f"{folder}: session {desk.session} has no key pair yet")
            ),
            data={"path": str(folder), "session": desk.session},
        )
        with _gateway(folder, desk, keys, clock) as log_on:
            yield from _first_pair(desk, folder, log_on)
            yield from _rotation(desk, folder, log_on, clock)
            yield from _third_pair(desk, folder, log_on)
        yield _audit(desk)


@contextmanager
def _desk(folder: Path, clock: StoryClock) -> Iterator[tuple[Desk, KeySource]]:
    """Give the administrator of a new Request Center, and its store as a gateway's key source."""
    from gatepass.center import assembly, embedded
    from gatepass.center.pairs.key_source import CenterKeys
    from gatepass.center.secrets.vault import Vault
    from gatepass.center.store.database import Database

    embedded.make_folder(folder)
    settings = replace(embedded.defaults(folder), environment="DEMO")
    with assembly.begun(settings) as opened:
        center = replace(opened, clock=clock)
        first = embedded.take_first_steps(center)
        if first is None:
            raise AssertionError("a new store has no user")
        vault = Vault(assembly.envelope_keys(settings.envelope))
        with closing(CenterKeys(Database(settings.database), vault, diagnosis=True)) as keys:
            yield Desk(center, first.name, first.session, settings.outbox), keys


@contextmanager
def _gateway(folder: Path, desk: Desk, keys: KeySource, clock: StoryClock) -> Iterator[LogOn]:
    with (
        closing(SqliteStore(folder / "state.sqlite", f"{desk.session}{FIRM}")) as store,
        gateway_up(Rehearsal(keys, desk.session, store, clock)) as (_, log_on),
    ):
        yield log_on


def _first_pair(desk: Desk, folder: Path, log_on: LogOn) -> Iterator[Step]:
    first = desk.generate()
    yield _pairs_step(
        "generate",
        "Generate a key pair on Monday",
        desk,
        list(desk.pairs()) == [first.access_key_id],
    )
    path = folder / "first.txt"
    desk.download(first.access_key_id, path)
    own = KeyFile(path)
    yield Step(
        name="download",
        title="Download its key file with a verification code",
        ok=own.ring.find(first.access_key_id) is not None,
        show=lambda console: print_all(console, text(f"{path}  (mode 0600)")),
        data={"path": str(path), "access_key_id": first.access_key_id},
    )
    talk = log_on(own)
    yield talk_step(
        "log on with it", "Log on with the file: the gateway knows the pair", talk, talk.is_clean
    )


def _rotation(desk: Desk, folder: Path, log_on: LogOn, clock: StoryClock) -> Iterator[Step]:
    (old,) = desk.pairs()
    clock.move_to(MONDAY + timedelta(days=2))
    new = desk.generate()
    desk.download(new.access_key_id, folder / "second.txt")
    talk = log_on(KeyFile(folder / "second.txt"))
    end = desk.pairs()[old].expires_at
    yield _pairs_step(
        "rotate",
        "Rotate on Wednesday: the new pair is active, the old one has four weeks left",
        desk,
        talk.is_clean and timedelta(0) <= end - (MONDAY + timedelta(days=30)) < timedelta(days=4),
    )
    for name, title, after in (
        ("old pair", "Log on with the old pair a minute before it expires: it still works", -1),
        ("old pair over", "Log on with it a minute after it expired: it is refused", 1),
    ):
        clock.move_to(end + timedelta(minutes=after))
        talk = log_on(KeyFile(folder / "first.txt"))
        yield talk_step(name, title, talk, talk.is_clean if after < 0 else _is_refused(talk))


def _third_pair(desk: Desk, folder: Path, log_on: LogOn) -> Iterator[Step]:
    second = next(iter(_active(desk)))
    third = desk.generate()
    choices: tuple[str, ...] = ()
    try:
        desk.generate()
    except ThirdPairError as error:
        choices = error.choices
    last = desk.generate(delete=second)
    talk = log_on(KeyFile(folder / "second.txt"))
    yield _pairs_step(
        "third pair",
        "Generate while two pairs are active: choose one, which is deleted at once",
        desk,
        choices == (second, third.access_key_id)
        and _active(desk) == {third.access_key_id, last.access_key_id}
        and _is_refused(talk),
    )
    path = folder / "last.txt"
    desk.download(last.access_key_id, path)
    before = log_on(KeyFile(path))
    desk.delete(last.access_key_id)
    talk = log_on(KeyFile(path))
    yield talk_step(
        "delete",
        "Delete the newest pair, which just logged on: it is refused at once",
        talk,
        before.is_clean and _is_refused(talk) and _active(desk) == {third.access_key_id},
    )


def _audit(desk: Desk) -> Step:
    from gatepass.center.audit.verifying import verify

    found = verify(desk.center.database, desk.center.vault)
    return Step(
        name="audit log",
        title="Verify the audit log: each entry is chained to the one before it",
        ok=found.broken is None and found.entries > 0,
        show=lambda console: print_all(console, text(f"all {found.entries} entries are unchanged")),
        data={"entries": found.entries, "broken": found.broken},
    )


def _active(desk: Desk) -> set[str]:
    return {key for key, pair in desk.pairs().items() if pair.state.value == "active"}


def _is_refused(talk: Talk) -> bool:
    return talk.told is not None and len(talk.reasons) == 1


def _pairs_step(name: str, title: str, desk: Desk, ok: bool) -> Step:
    pairs = sorted(desk.pairs().values(), key=lambda pair: pair.created_at)
    return Step(
        name,
        title,
        ok,
        lambda console: print_all(console, text(*map(_line, pairs))),
        {"pairs": [_as_data(pair) for pair in pairs]},
    )


def _line(pair: PairView) -> str:
    from gatepass.keys.validity import exchange_zone

    if pair.ended_at is not None:
        return f"{pair.access_key_id}  {pair.state.value}"
    end = pair.expires_at.astimezone(exchange_zone())
    return f"{pair.access_key_id}  {pair.state.value} until {end:%a %Y-%m-%d %H:%M} Chicago time"


def _as_data(pair: PairView) -> dict[str, object]:
    return {
        "access_key_id": pair.access_key_id,
        "state": pair.state.value,
        "expires_at": pair.expires_at.isoformat(),
    }
