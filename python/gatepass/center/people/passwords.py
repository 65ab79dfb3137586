"""Passwords: Argon2id hashes, the rules for a password, and one-time passwords.

The costs are argon2-cffi's defaults, the second recommendation of RFC 9106: 64 MiB, 3 passes,
4 lanes. The rules follow NIST SP 800-63B: length counts, kinds of characters do not.
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

#: The length of a password. The upper bound limits the work of a hash.
SHORTEST, LONGEST = 12, 256
#: The least number of different characters: one repeated key is not a password.
DIFFERENT = 5

#: The hash of an unknown password. The password for an unknown name is compared with it, so that
#: the answer takes as long as for a known name.
DUMMY_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$oU7Nu9KbyTsLUlKKRyu8aA"
    "$PTvpH2uOSrojDFs11A1WIKusCYpoSh/KV24bFbAl5oA"
)

#: A hash takes 64 MiB and four threads. With more at a time than processors no hash is done
#: earlier, and other requests of this process wait.
AT_ONCE = max(1, min(4, (os.cpu_count() or 1) // 2))


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, with its own salt, in the usual text form."""
    try:
        return _HASHING.submit(HASHER.hash, _bytes(password)).result()
    finally:
        del password


def verify(stored: str, password: str) -> bool:
    """Tell whether a password is the one that was hashed, in the same time for both answers."""
    try:
        return _HASHING.submit(HASHER.verify, stored, _bytes(password)).result()
    except (VerificationError, InvalidHashError):
        return False
    finally:
        del password


def _step_back() -> None:
    """Give this thread a low priority; only on Linux does each thread have its own.

    The threads that a hash starts inherit it. While many users log in, other requests come first.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


_NICENESS = 10
_HASHING = ThreadPoolExecutor(AT_ONCE, "password", _step_back)


def is_outdated(stored: str) -> bool:
    """Tell whether a hash has other costs than today's."""
    return HASHER.check_needs_rehash(stored)


def require_good(password: str, name: str) -> None:
    """Raise `AccountError`, which says what to change, for a password that is easily guessed."""
    try:
        problem = _problem(_normal(password), name)
    finally:
        del password
    if problem:
        raise AccountError(f"choose another password: {problem}")


def one_time_password() -> Hidden:
    """Return a password for one login: 16 characters, 96 random bits."""
    return Hidden(secrets.token_urlsafe(12))


def _normal(password: str) -> str:
    """Return the same characters for every keyboard (NFKC), cut to a length that can be hashed."""
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])


def _bytes(password: str) -> bytes:
    # Half of a surrogate pair can be sent as JSON, and is a character like any other.
    return _normal(password).encode("utf-8", "surrogatepass")


def _problem(password: str, name: str) -> str:
    if len(password) < SHORTEST:
        return f"it needs at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"it can have at most {LONGEST} characters"
    if len(set(password)) < DIFFERENT:
        return f"it needs at least {DIFFERENT} different characters"
    if name.casefold() in password.casefold():
        return "it must not contain the user name"
    return ""
