"""``kill -9`` during downloads and deletes: each is complete or did not happen."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gatepass.center.audit.verifying import verify
from gatepass.center.roles import Role
from gatepass.center.store.schema import audit as log
from gatepass.center.store.schema import code, mail, notice, pair, pair_version
from tests.center.fire.dying import FIRM, FIRST_USER
from tests.center.world import World, add_user

ROOT = Path(__file__).parents[3]
LIVES = 40


@pytest.mark.slow
def test_an_action_that_is_killed_is_complete_or_did_not_happen(
    world: World, url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    center = world.center
    users = [add_user(center, FIRM, f"user{FIRST_USER + n}", Role.KEYS) for n in range(LIVES)]
    assert users[0].user_id == FIRST_USER
    said = _lives(url)

    assert verify(center.database, center.vault).broken is None
    with center.database.read() as connection:
        entries = connection.execute(select(log)).all()
        rows = {row.access_key_id: row for row in connection.execute(select(pair))}
        used = connection.execute(
            select(code.c.purpose, code.c.subject).where(code.c.used_at.is_not(None))
        ).all()
        versions = connection.execute(select(pair_version.c.pair_id, pair_version.c.state)).all()
        mails = connection.execute(select(func.count()).select_from(mail)).scalar_one()
        notices = connection.execute(select(func.count()).select_from(notice)).scalar_one()
    logged = Counter(
        f"{row.action} {row.access_key_id}"
        for row in entries
        if row.action in ("download", "delete")
    )
    # What was confirmed is there; what was killed before that may be there; nothing else is.
    assert not Counter(said["done"]) - logged
    assert not logged - Counter(said["begun"])
    assert len(said["begun"]) > len(said["done"]) > 0
    # Either a code is used up, a pair ends, and mails and the entry are written, or nothing.
    finished = Counter(f"{row.purpose} {row.subject}" for row in used if row.purpose != "logon")
    assert finished == logged
    ended = {name for name, row in rows.items() if row.state == "deleted"}
    replaced = {json.loads(row.facts).get("deleted") for row in entries} - {None}
    assert ended == {text.split()[1] for text in logged if text.startswith("delete ")} | replaced
    expected = Counter((row.id, "active") for row in rows.values())
    expected += Counter((rows[name].id, "deleted") for name in ended)
    assert {tuple(version) for version in versions} == set(expected)
    deeds = len(rows) + logged.total()
    assert (mails, notices) == (2 * deeds, deeds)

    _look_for(said["secret"], min(rows), url, request, tmp_path)


def _lives(url: str) -> dict[str, list[str]]:
    command = [sys.executable, "-m", "tests.center.fire.dying", url, str(LIVES)]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    said: dict[str, list[str]] = {"begun": [], "done": [], "secret": []}
    for line in ended.stdout.splitlines():
        word, _, text = line.partition(" ")
        said[word].append(text)
    return said


def _look_for(
    secrets: list[str], name: str, url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Check that no secret is on the disk in clear beside the pairs."""
    folder = tmp_path
    if not url.startswith("sqlite"):
        server = request.getfixturevalue("server")
        server.run("CHECKPOINT")
        folder = server.data
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(name.encode() in content for content in files)
    for text in secrets:
        raw = base64.urlsafe_b64decode(text + "=")
        assert not any(text.encode() in content or raw in content for content in files)
