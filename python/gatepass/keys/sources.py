"""Where key pairs come from, named by one word on a command line or in a setting."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, cast

from gatepass._native import DiagnosisKey, SigningKey
from gatepass.arguments import is_text, refuse
from gatepass.errors import FieldError, KeySourceError, SecretKeyError
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.lengths import warn_of_lengths
from gatepass.keys.likely_secret import may_be_secret
from gatepass.keys.os_keyring import read_from_keyring
from gatepass.keys.pair import KeyPair
from gatepass.keys.reading import read_descriptor
from gatepass.keys.ring import KeyRing
from gatepass.keys.watch import KeyFile

ENV_SESSION = "GATEPASS_SESSION_ID"
ENV_ACCESS_KEY_ID = "GATEPASS_ACCESS_KEY_ID"
ENV_SECRET = "GATEPASS_SECRET_KEY"  # noqa: S105 - the variable's name
ENV_CREATED = "GATEPASS_KEY_CREATED"
ENV_EXPIRES = "GATEPASS_KEY_EXPIRES"
ENV_ENVIRONMENT = "GATEPASS_KEY_ENVIRONMENT"

#: Opened by the command itself: it needs a database, which the base install does not include.
CENTER = "center:"
STDIN = 0
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DESCRIPTOR = re.compile(r"[0-9]{1,9}")


class KeySource(Protocol):
    """Anything with a key ring; ask for the ring at each logon, because it may follow a file."""

    @property
    def ring(self) -> KeyRing:
        """The current ring."""


class WatchedKeys(KeySource, Protocol):
    """A source that tells whether it must be read, for an event loop that cannot wait for that."""

    @property
    def ring_at_hand(self) -> KeyRing:
        """The ring that was read last; costs nothing."""

    def is_current(self) -> bool:
        """Tell whether the ring at hand is current; costs at most one ``stat``."""


def watched(source: KeySource) -> WatchedKeys | None:
    """Return the source if it is a `WatchedKeys`."""
    named = hasattr(source, "is_current") and hasattr(source, "ring_at_hand")
    return cast(WatchedKeys, source) if named else None


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """A ring that was read once and stays."""

    ring: KeyRing

    @property
    def ring_at_hand(self) -> KeyRing:
        """The ring."""
        return self.ring

    def is_current(self) -> bool:
        """Return true: the ring never changes."""
        return True


#: How key pairs may be given: as a ring, as a source, or as what `open_keys` accepts.
Keys = KeyRing | KeySource | str | os.PathLike[str]


def as_source(keys: Keys, *, diagnosis: bool = False) -> KeySource:
    """Return the source that was meant: a text or a path is opened as `open_keys` does.

    Raises `KeySourceError` for anything else, and as `open_keys` does.
    """
    if isinstance(keys, KeyRing):
        return FixedKeys(keys)
    if isinstance(keys, (str, os.PathLike)):
        if not is_text(str(keys)):
            raise KeySourceError("the source of the keys has a character that no path can have")
        return open_keys(keys, diagnosis=diagnosis)
    # The ring is not read here: that may take long.
    if inspect.getattr_static(keys, "ring", None) is not None:
        return keys
    raise KeySourceError(
        "give key pairs as a KeyRing, a key source or the path of a key file, not as"
        f" {type(keys).__name__}"
    )


def open_keys(
    source: str | os.PathLike[str], *, allow_insecure: bool = False, diagnosis: bool = False
) -> KeySource:
    """Open a source of key pairs.

    ``source`` is the path of a key file, which is then followed (`KeyFile`); ``-`` for standard
    input; ``fd:N`` for an open file descriptor; ``env:`` for one pair in environment variables;
    ``keyring:SESSION`` for the operating system's keyring. Write ``./fd:3`` for a file with that
    name. With ``diagnosis``, the pairs have their diagnosis keys (see `KeyPair`), for `explain`.

    Raises `KeySourceError`, or one of its kinds for files, when there are no usable pairs.
    """
    if not isinstance(source, (str, os.PathLike)):
        raise refuse("source", source, "the path of a key file")
    source = os.fspath(source)
    if not source:
        raise KeySourceError("the source of the key pairs is empty: give the path of a key file")
    if may_be_secret(source) and not os.path.lexists(source):
        # Not repeated, and not opened: the error for a missing path would contain it.
        raise KeySourceError(
            "this looks like a secret key, not like a place to read one from:"
            " write ./NAME for a file with that name"
        )
    prefix, colon, rest = source.partition(":")
    if prefix + colon == CENTER and not os.path.lexists(source):
        raise KeySourceError(
            "center: is for the command's --keys: a program calls gatepass.center.pairs.key_source"
            ".open_center_keys; write ./NAME for a file with that name"
        )
    read = _READERS.get(prefix + colon)
    if read is None:
        return KeyFile(source, allow_insecure=allow_insecure, diagnosis=diagnosis)
    ring = KeyRing(read(rest, allow_insecure, diagnosis))
    warn_of_lengths(source, ring.unusual)
    return FixedKeys(ring)


def _from_stdin(_rest: str, allow_insecure: bool, diagnosis: bool) -> Iterable[KeyPair]:
    return read_descriptor(STDIN, allow_insecure=allow_insecure, diagnosis=diagnosis)


def _from_descriptor(rest: str, allow_insecure: bool, diagnosis: bool) -> Iterable[KeyPair]:
    if not _DESCRIPTOR.fullmatch(rest):
        raise KeySourceError("fd: needs the number of an open file descriptor, as in fd:3")
    return read_descriptor(int(rest), allow_insecure=allow_insecure, diagnosis=diagnosis)


def _from_environment(rest: str, _allow_insecure: bool, diagnosis: bool) -> list[KeyPair]:
    if rest:
        raise KeySourceError("env: takes nothing after the colon: the variables have fixed names")
    missing = [n for n in (ENV_SESSION, ENV_ACCESS_KEY_ID, ENV_SECRET) if not os.environ.get(n)]
    if missing:
        raise KeySourceError(f"set {', '.join(missing)} in the environment")
    try:
        return [
            KeyPair(
                session=SessionId(os.environ[ENV_SESSION]),
                access_key_id=AccessKeyId(os.environ[ENV_ACCESS_KEY_ID]),
                signing_key=SigningKey(os.environ[ENV_SECRET]),
                created=_env_date(ENV_CREATED),
                expires=_env_date(ENV_EXPIRES),
                environment=os.environ.get(ENV_ENVIRONMENT) or None,
                diagnosis_key=DiagnosisKey(os.environ[ENV_SECRET]) if diagnosis else None,
            )
        ]
    except (FieldError, KeySourceError, SecretKeyError) as error:
        # Not chained: the frames below contain values as text, one of which may be a secret.
        raise KeySourceError(f"environment: {error}") from None


def _env_date(variable: str) -> date | None:
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day that does not exist
    raise KeySourceError(f"{variable} is not a date of the form YYYY-MM-DD")


def _from_keyring(rest: str, _allow_insecure: bool, diagnosis: bool) -> list[KeyPair]:
    return read_from_keyring(rest, diagnosis=diagnosis)


#: The prefix of a source, and the function that reads the rest.
_READERS: dict[str, Callable[[str, bool, bool], Iterable[KeyPair]]] = {
    "-": _from_stdin,
    "fd:": _from_descriptor,
    "env:": _from_environment,
    "keyring:": _from_keyring,
}
