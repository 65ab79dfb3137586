"""Passwords: Argon2id, what is good enough for one, and one-time passwords.

The costs are argon2-cffi's defaults, which are the second recommendation of RFC 9106: 64 MiB,
3 passes, 4 lanes. What a good password is follows NIST SP 800-63B: length counts, kinds of
characters do not.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import AccountError

HASHER = PasswordHasher()

#: Characters of a password. The upper bound keeps a hash from being a way to use up a server.
SHORTEST, LONGEST = 12, 256
#: A password has so many different characters, so that one key held down is none.
DIFFERENT = 5

#: The hash of a password that nobody knows: what an unknown name's password is held against, so
#: that it takes as long as a known one's.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$oU7Nu9KbyTsLUlKKRyu8aA"
    "$PTvpH2uOSrojDFs11A1WIKusCYpoSh/KV24bFbAl5oA"
)

#: A hash takes 64 MiB and four threads. More of them at a time than there are processors for are
#: not done earlier, and what else this process has to answer waits.
AT_ONCE = max(1, min(4, (os.cpu_count() or 1) // 2))


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, with a salt of its own, in its usual text form."""
    try:
        return _HASHING.submit(HASHER.hash, _bytes(password)).result()
    finally:
        del password


def verify(stored: str, password: str) -> bool:
    """Tell whether a password is the one that was hashed. Takes as long when it is not."""
    try:
        return _HASHING.submit(HASHER.verify, stored, _bytes(password)).result()
    except (VerificationError, InvalidHashError):
        return False
    finally:
        del password


def _step_back() -> None:
    """Let the system prefer all other threads: only on Linux has each its own priority.

    The threads that a hash begins inherit it. While many log on, all else is answered first.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


_NICENESS = 10
_HASHING = ThreadPoolExecutor(AT_ONCE, "password", _step_back)


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with other costs than today's."""
    return HASHER.check_needs_rehash(stored)


def require_good(password: str, name: str) -> None:
    """Raise `AccountError`, which says what to mend, for a password that is easily guessed."""
    try:
        problem = _problem(_normal(password), name)
    finally:
        del password
    if problem:
        raise AccountError(f"choose another password: {problem}")


def one_time_password() -> Hidden:
    """Make a password good for one logon: 16 characters, 96 random bits."""
    return Hidden(secrets.token_urlsafe(12))


def _normal(password: str) -> str:
    """Write a character in one way, whatever keyboard it came from; cut what no hash should do."""
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])


def _bytes(password: str) -> bytes:
    # Half a surrogate pair can be sent as JSON: a password like any other.
    return _normal(password).encode("utf-8", "surrogatepass")


def _problem(password: str, name: str) -> str:
    if len(password) < SHORTEST:
        return f"it needs {SHORTEST} characters or more"
    if len(password) > LONGEST:
        return f"it may have {LONGEST} characters at most"
    if len(set(password)) < DIFFERENT:
        return f"it needs {DIFFERENT} different characters or more"
    if name.casefold() in password.casefold():
        return "it must not hold the user name"
    return ""
