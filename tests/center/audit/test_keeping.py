"""While it is served, a Request Center keeps the end of its audit log outside the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from gatepass.center import background
from gatepass.center.audit import anchor as anchors
from gatepass.center.audit.keeping import keep_anchor
from gatepass.center.audit.verifying import verify
from gatepass.center.context import Center
from gatepass.center.mail.couriers.outbox import OutboxMailer
from gatepass.center.store.schema import audit as table
from gatepass.errors import AuditError
from tests.center.audit.test_log import append
from tests.center.audit.test_matching import cut_off, head, write
from tests.center.world import World


@pytest.fixture
def kept(world: World, tmp_path: Path) -> World:
    """A world with an anchor at the end of its log."""
    center = replace(world.center, anchor=tmp_path / "audit.anchor")
    keep_anchor(center)
    return replace(world, center=center)


def anchored(world: World) -> int:
    assert world.center.anchor is not None
    found = anchors.read(world.center.anchor)
    assert found is not None
    return found.entry


def test_the_anchor_is_made_and_moves_with_the_log(kept: World) -> None:
    assert anchored(kept) == head(kept)["last_id"] > 0
    append(kept.center)
    keep_anchor(kept.center)
    assert anchored(kept) == head(kept)["last_id"]


def test_an_empty_log_has_an_anchor_too(center: Center, tmp_path: Path) -> None:
    center = replace(center, anchor=tmp_path / "audit.anchor")
    for _ in range(3):
        keep_anchor(center)
        append(center)
    found = anchors.read(tmp_path / "audit.anchor")
    assert found is not None
    assert found.entry == 2


def test_a_log_whose_end_was_cut_off_is_found_and_the_anchor_stays(kept: World) -> None:
    before = head(kept)
    append(kept.center)
    keep_anchor(kept.center)
    cut_off(kept, before)
    last = before["last_id"]
    with pytest.raises(AuditError, match=f"entry {last + 1} is missing"):
        keep_anchor(kept.center)
    for session in ("DEF", "ABC"):
        append(kept.center, session=session)
    with pytest.raises(AuditError, match=f"entry {last + 1} is not the anchored one"):
        keep_anchor(kept.center)
    assert anchored(kept) == last + 1


def test_the_anchor_does_not_move_past_a_changed_entry(kept: World) -> None:
    before = anchored(kept)
    for _ in range(3):
        append(kept.center)
    write(kept, update(table).where(table.c.id == before + 2).values(facts="{}"))
    with pytest.raises(AuditError, match=f"entry {before + 2} was changed"):
        keep_anchor(kept.center)
    assert anchored(kept) == before


def test_an_anchored_entry_with_another_hmac_is_named(kept: World) -> None:
    last = anchored(kept)
    write(kept, update(table).where(table.c.id == last).values(mac=bytes(32)))
    with pytest.raises(AuditError, match=f"entry {last} is not the anchored one"):
        keep_anchor(kept.center)
    assert kept.center.anchor is not None
    before = anchors.read(kept.center.anchor)
    found = verify(kept.center.database, kept.center.vault, anchor=before)
    assert (found.entries, found.broken) == (last - 1, last)


def test_a_broken_log_gets_no_anchor(kept: World) -> None:
    assert kept.center.anchor is not None
    kept.center.anchor.unlink()
    write(kept, update(table).where(table.c.id == 2).values(facts="{}"))
    with pytest.raises(AuditError, match="entry 2 was changed"):
        keep_anchor(kept.center)
    assert not kept.center.anchor.exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"1 ff\n", b"\xff"])
def test_a_file_that_is_not_an_anchor_is_not_changed(kept: World, content: bytes) -> None:
    assert kept.center.anchor is not None
    kept.center.anchor.write_bytes(content)
    with pytest.raises(AuditError, match=r"not an anchor of an audit log.* remove this file"):
        keep_anchor(kept.center)
    assert kept.center.anchor.read_bytes() == content


def test_a_folder_instead_of_the_anchor_is_reported(kept: World) -> None:
    assert kept.center.anchor is not None
    kept.center.anchor.unlink()
    kept.center.anchor.mkdir()
    with pytest.raises(AuditError, match="cannot read the anchor"):
        keep_anchor(kept.center)
    with pytest.raises(AuditError, match="cannot remove the anchor"):
        anchors.forget(kept.center.anchor)


def test_a_served_center_keeps_its_anchor(kept: World, tmp_path: Path) -> None:
    append(kept.center)
    jobs = background.jobs(kept.center, OutboxMailer(tmp_path / "outbox"))
    (job,) = [job for job in jobs if job.name == "audit log"]
    job.work()
    assert anchored(kept) == head(kept)["last_id"]
