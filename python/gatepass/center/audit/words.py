"""The texts of an entry for people, made from its facts when it is written.

A new wording changes only what people read in later entries: programs read the facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatepass.center.audit.facts import Facts, clean
from gatepass.center.store.schema import audit

#: What the action was done to: the first of these facts that is present.
_SUBJECTS = {
    "session": "{session}",
    "purpose": "{purpose}",
    "user": "{user}",
    "firm": "{firm}",
    "token": "{token}",
    "envelope_key": "{envelope_key}",
    "backup": "{backup}",
}
#: The details: all of these facts that are present.
_DETAILS = {
    "deleted": "deleted {deleted} to make room",
    "former_user": "from {former_user} to {user}",
    "role": "{role}",
    "full_name": "full name {full_name}",
    "email": "e-mail {email}",
    "mobile": "mobile {mobile}",
    "sent_to": "to {sent_to}",
    "rule": "{rule}",
    "seals": "{seals} seals",
}


def words(facts: Facts) -> dict[str, str]:
    """Return the columns of an entry for people: subject, access_key_id and detail."""
    return {
        "subject": fitted("subject", next(iter(_said(_SUBJECTS, facts)), "")),
        "access_key_id": fitted("access_key_id", facts.get("access_key_id") or ""),
        "detail": fitted("detail", ", ".join(_said(_DETAILS, facts))),
    }


def fitted(column: str, text: str) -> str:
    """Cut a text to its column's length, and remove characters that no column accepts."""
    cut: str = clean(text)[: getattr(audit.c[column].type, "length", None)]
    return cut


def _said(templates: Mapping[str, str], facts: Facts) -> list[str]:
    there = {name for name, value in facts.items() if value is not None}
    return [template.format(**facts) for name, template in templates.items() if name in there]
