"""Filters that write times, states and lives of key pairs on a page. All times are Chicago time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from markupsafe import Markup

from gatepass.center.pairs.views import PairView
from gatepass.keys.expiry import WARNING_DAYS
from gatepass.keys.rules import PairState
from gatepass.keys.validity import exchange_zone

KINDS = {"ilink": "iLink", "dropcopy": "Drop Copy"}


def moment(at: datetime) -> Markup:
    """Write a time to the minute."""
    return _time(at, "%Y-%m-%d %H:%M CT")


def moment_bare(at: datetime) -> Markup:
    """Write a time to the minute, without its time zone."""
    return _time(at, "%Y-%m-%d %H:%M")


def moment_text(at: datetime) -> str:
    """Write a time to the minute as plain text, for an attribute."""
    return at.astimezone(exchange_zone()).strftime("%Y-%m-%d %H:%M CT")


def moment_seconds(at: datetime) -> Markup:
    """Write a time to the second, for a column that names the time zone."""
    return _time(at, "%Y-%m-%d %H:%M:%S")


def moment_long(at: datetime) -> Markup:
    """Write a time with its day of the week, for a sentence."""
    local = at.astimezone(exchange_zone())
    # Keep the date on one line: browsers break lines at hyphens.
    text = Markup('{}, <span class="nowrap">{}</span> at {} CT').format(
        f"{local:%A}", f"{local:%Y-%m-%d}", f"{local:%H:%M}"
    )
    return _element(local, text)


def look(pair: PairView) -> str:
    """Return the CSS class for a pair's colours: its state, or one of two kinds of active.

    ``ending``: a newer pair replaces it, as planned. ``soon``: in its last four weeks, and no pair
    replaces it.
    """
    if pair.replaced:
        return "ending"
    if pair.state is PairState.ACTIVE and pair.days_left <= WARNING_DAYS[0]:
        return "soon"
    return pair.state.value


def status(pair: PairView) -> Markup:
    """Write a pair's status, with its last day if a newer pair replaces it."""
    if pair.replaced:
        return Markup("Active, ends {}").format(_time(pair.expires_at, "%Y-%m-%d"))
    return Markup("{}").format(pair.state.value.capitalize())


def ends(pair: PairView) -> Markup:
    """Write briefly when a pair ends or ended."""
    if pair.state is PairState.ACTIVE:
        return Markup("{}{} · {}").format(
            "ends " if pair.replaced else "", _time(pair.expires_at, "%Y-%m-%d"), _left(pair)
        )
    return Markup("ended {}").format(_time(pair.ended_at or pair.expires_at, "%Y-%m-%d"))


def ends_long(pair: PairView) -> Markup:
    """Write to the minute when a pair ends or ended."""
    if pair.state is PairState.ACTIVE:
        return Markup("Expires {} ({})").format(moment(pair.expires_at), _left(pair))
    return Markup("Ended {}").format(moment(pair.ended_at or pair.expires_at))


def left_share(pair: PairView, now: datetime) -> float:
    """Return how much of a pair's life is left, in percent."""
    life = (pair.expires_at - pair.created_at).total_seconds()
    left = (pair.expires_at - now).total_seconds()
    return round(100 * min(1.0, max(0.0, left / life)), 1) if life > 0 else 0.0


def kind(word: str) -> str:
    """Return the display name of a kind of session."""
    return KINDS.get(word, word)


def sentence(text: str) -> str:
    """Write the text of an error as a sentence."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


#: The filters of the templates, written ``value | name``.
FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "moment_bare": moment_bare,
    "moment_text": moment_text,
    "moment_seconds": moment_seconds,
    "moment_long": moment_long,
    "look": look,
    "status": status,
    "ends": ends,
    "ends_long": ends_long,
    "left_share": left_share,
    "kind": kind,
    "sentence": sentence,
}


def _time(at: datetime, form: str) -> Markup:
    local = at.astimezone(exchange_zone())
    return _element(local, local.strftime(form))


def _element(local: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), text)


def _left(pair: PairView) -> str:
    return {0: "today", 1: "1 day"}.get(pair.days_left, f"{pair.days_left} days")
