"""Several threads do the same at once: it happens once, and the others get an error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from gatepass.center.audit.verifying import Verdict, verify
from gatepass.center.context import Center
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.sweep import SECRETS_KEPT, sweep
from gatepass.center.people.codes import Purpose
from gatepass.errors import CenterError, DatabaseError
from tests.center.pairs.test_pairs import code_for, logged
from tests.center.world import World

THREADS = 6
Result = TypeVar("Result")


def together(work: Callable[[], Result]) -> list[Result | CenterError]:
    """The result of each thread's work; errors of the Request Center are results too."""
    start = threading.Barrier(THREADS)
    answers: list[Result | CenterError] = []
    problems: list[BaseException] = []

    def run() -> None:
        start.wait(30)
        try:
            answers.append(work())
        except DatabaseError as error:
            problems.append(error)
        except CenterError as error:
            answers.append(error)
        except BaseException as error:  # noqa: BLE001 - told below
            problems.append(error)

    workers = [threading.Thread(target=run) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    return answers


def is_sound(world: World) -> bool:
    return verify(world.center.database, world.center.vault).broken is None


def test_first_entries_at_once_make_one_audit_chain(center: Center) -> None:
    made = together(lambda: firms.add_firm(center, threading.current_thread().name))
    assert all(isinstance(number, int) for number in made)
    assert verify(center.database, center.vault) == Verdict(THREADS)


def test_one_code_deletes_once(world: World) -> None:
    name = pairs.generate(world.center, world.manager, "ABC").access_key_id
    code = code_for(world, Purpose.DELETE, name)
    answers = together(lambda: pairs.delete(world.center, world.manager, name, code))
    assert sum(not isinstance(answer, CenterError) for answer in answers) == 1
    assert [action for action, *_ in logged(world)] == ["generate", "delete"]
    assert is_sound(world)


def test_one_code_downloads_once(world: World) -> None:
    name = pairs.generate(world.center, world.manager, "ABC").access_key_id
    code = code_for(world, Purpose.DOWNLOAD, name)
    answers = together(lambda: pairs.download(world.center, world.manager, [name], code))
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert [action for action, *_ in logged(world)] == ["generate", "download"]


def test_requests_at_once_generate_one_third_pair(world: World) -> None:
    for _ in range(2):
        pairs.generate(world.center, world.manager, "ABC")
        world.clock.go(hours=1)
    oldest = firms.find_session(world.center, world.manager, "ABC").active[-1].access_key_id
    answers = together(lambda: pairs.generate(world.center, world.manager, "ABC", oldest))
    assert sum(not isinstance(answer, CenterError) for answer in answers) == 1
    assert len(firms.find_session(world.center, world.manager, "ABC").active) == 2


def test_sweeps_at_once_do_everything_once(world: World) -> None:
    for name in ("ABC", "DEF", "ABC123"):
        end = pairs.generate(world.center, world.manager, name).expires_at
    for at, does in (
        (end - timedelta(days=3), (0, 3, 0)),
        (end, (3, 0, 0)),
        (end + SECRETS_KEPT + timedelta(seconds=1), (0, 0, 3)),
    ):
        world.clock.now = at
        answers = [done for done in together(lambda: sweep(world.center)) if not _is_error(done)]
        assert len(answers) == THREADS
        sums = [sum(getattr(d, name) for d in answers) for name in ("expired", "warned", "erased")]
        assert tuple(sums) == does
    actions = [action for action, *_ in logged(world)]
    assert [actions.count(word) for word in ("expire", "erase")] == [3, 3]
    assert is_sound(world)


def _is_error(answer: object) -> bool:
    return isinstance(answer, CenterError)
