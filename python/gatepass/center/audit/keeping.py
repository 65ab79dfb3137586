"""The anchor that a Request Center updates while it is served."""

from __future__ import annotations

from gatepass.center.audit import anchor as anchors
from gatepass.center.audit.verifying import verify, verify_since
from gatepass.center.context import Center
from gatepass.errors import AuditError


def keep_anchor(center: Center) -> None:
    """Check the entries after the anchor, and move the anchor to the end of the log.

    If there is no anchor yet, verify the whole log and make one. Raises `AuditError` for a broken
    log, and then leaves the anchor unchanged.
    """
    if center.anchor is None:
        return
    before = anchors.read(center.anchor)
    if before is None:
        found = verify(center.database, center.vault)
    else:
        found = verify_since(center.database, center.vault, before)
    if found.end is None:
        raise AuditError(
            f"the audit log is broken: {found.problem} (anchor: {center.anchor}): run gatepass"
            " center audit verify, and find out who writes to the database"
        )
    if found.end != before:
        anchors.write(center.anchor, found.end)
