"""The store after many writers at once, and after killed writers."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gatepass.center.audit.verifying import verify
from gatepass.center.pairs import rows as pair_rows
from gatepass.center.store.schema import audit as log
from gatepass.center.store.schema import mail, pair, pair_version, session
from gatepass.keys.secret import SecretKey
from tests.center.world import World

ROOT = Path(__file__).parents[3]
PROCESSES, THREADS, COUNT = 3, 4, 5
LIVES = 100
#: Secrets to search for on the disk.
LOOKED_FOR = 40


def start(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.center.generating", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(writers: list[subprocess.Popen[str]]) -> Iterator[tuple[str, str]]:
    for writer in writers:
        with writer:
            for line in writer.communicate()[0].splitlines():
                word, _, text = line.partition(" ")
                yield word, text
        assert writer.returncode == 0


def check(world: World) -> set[str]:
    """Check that every pair is complete and that there were never three; return all pairs."""
    center = world.center
    assert verify(center.database, center.vault).broken is None
    with center.database.read() as connection:
        columns = select(pair, *pair_rows.SEAL_COLUMNS[2:])
        rows = connection.execute(columns.join(session, pair.c.session_id == session.c.id)).all()
        versions = connection.execute(select(pair_version).order_by(pair_version.c.id)).all()
        told = connection.execute(
            select(log.c.access_key_id).where(log.c.action == "generate")
        ).scalars()
        assert sorted(told) == sorted(row.access_key_id for row in rows)
        mails = connection.execute(select(func.count()).select_from(mail)).scalar_one()
    assert mails == len(rows)
    active: set[int] = set()
    for version in versions:
        (active.add if version.state == "active" else active.discard)(version.pair_id)
        assert len(active) <= 2
    assert {row.id for row in rows if row.slot is not None} == active
    assert {version.pair_id for version in versions} == {row.id for row in rows}
    for row in rows:
        SecretKey(center.vault.open(row.sealed, pair_rows.seal_subject_of(row)))
    return {row.access_key_id for row in rows}


def test_many_writers_at_once_never_make_three_active_pairs(world: World, url: str) -> None:
    said = list(finish([start("race", url, THREADS, COUNT) for _ in range(PROCESSES)]))
    made = [name for word, name in said if word == "made"]
    assert len(made) == PROCESSES * THREADS * COUNT
    assert check(world) == set(made)


@pytest.mark.slow
def test_writers_killed_at_random_times_leave_complete_pairs(
    world: World, url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    said = list(finish([start("kill", url, LIVES)]))
    made = {name for word, name in said if word == "made"}
    secrets = [text for word, text in said if word == "secret"]
    assert len(secrets) > LOOKED_FOR
    there = check(world)
    # What was confirmed is there; what was killed before its confirmation may be there.
    assert made <= there
    assert len(there) <= len(secrets)

    if not url.startswith("sqlite"):
        # What was just committed may still be only in the server's memory.
        request.getfixturevalue("server").run("CHECKPOINT")
    folder = tmp_path if url.startswith("sqlite") else request.getfixturevalue("server").data
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    # These files contain the pairs.
    assert any(min(there).encode() in content for content in files)
    chance = random.Random(1)  # noqa: S311 - no secret
    for text in chance.sample(secrets, LOOKED_FOR):
        raw = base64.urlsafe_b64decode(text + "=")
        for content in files:
            assert text.encode() not in content
            assert raw not in content
