"""Key pairs in the operating system's keyring, through the ``keyring`` package.

One entry per session: service ``gatepass``, the Session ID as user name, and the text of a key file
as password. ``keyring`` passes passwords as ``str``, which Python cannot wipe.
"""

from __future__ import annotations

from types import ModuleType

from gatepass.arguments import refuse_type
from gatepass.errors import FieldError, KeyFileError, KeySourceError
from gatepass.keys.identifiers import SessionId
from gatepass.keys.keyfile import parse_key_file
from gatepass.keys.pair import KeyPair
from gatepass.keys.secret import wipe

SERVICE = "gatepass"


def read_from_keyring(session: str, *, diagnosis: bool = False) -> list[KeyPair]:
    """Read the pairs of a session from the keyring; ``diagnosis`` as in `read_key_file`.

    Raises `KeySourceError` when the package is missing, the keyring refuses, there is no entry,
    or the entry is not a key file of this session.
    """
    name = _session(session)
    keyring = _package()
    try:
        text = keyring.get_password(SERVICE, name)
    except keyring.errors.KeyringError as error:
        raise _refused("read", error) from error
    if text is None:
        raise KeySourceError(
            f"the keyring has no entry for session {name}:"
            " store its key file with gatepass.keys.store_in_keyring"
        )
    buffer = _buffer(text)
    del text  # a traceback that shows local variables would show it
    return _parse(name, buffer, diagnosis=diagnosis)


def store_in_keyring(session: str, key_file: str) -> list[KeyPair]:
    """Store the text of a key file in the keyring as a session's entry, in place of the old one.

    Returns its pairs. Raises `KeySourceError` as `read_from_keyring` does; nothing is stored then.
    """
    try:
        name = _session(session)
        if not isinstance(key_file, str):
            kind, key_file = type(key_file), ""
            raise refuse_type("key_file", kind, "the text of a key file")
        pairs = _parse(name, _buffer(key_file))
        keyring = _package()
        try:
            keyring.set_password(SERVICE, name, key_file)
        except keyring.errors.KeyringError as error:
            # Not chained: the backend's frames contain the password.
            raise _refused("write", error) from None
    finally:
        del key_file  # a traceback that shows local variables would show it
    return pairs


def _buffer(text: str) -> bytearray:
    # Characters that are not ASCII must survive, so that the parser refuses them.
    return bytearray(text, "utf-8", "surrogatepass")


def _parse(session: SessionId, buffer: bytearray, *, diagnosis: bool = False) -> list[KeyPair]:
    """Make the pairs of an entry, and wipe the buffer."""
    try:
        pairs = parse_key_file(buffer, diagnosis=diagnosis)
    except KeyFileError as error:
        place = "" if error.line is None else f", line {error.line}"
        raise KeySourceError(f"keyring entry {session}{place}: {error.message}") from None
    finally:
        wipe(buffer)
    for pair in pairs:
        if pair.session != session:
            raise KeySourceError(
                f"keyring entry {session} contains a pair of session {pair.session}:"
                " store one entry per session"
            )
    return pairs


def _package() -> ModuleType:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise KeySourceError(
            "the keyring package is not installed: pip install 'gatepass[keyring]'"
        ) from error
    return keyring


def _session(text: str) -> SessionId:
    try:
        return SessionId(text)
    except FieldError as error:
        raise KeySourceError(f"keyring:SESSION: {error}") from error


def _refused(action: str, error: Exception) -> KeySourceError:
    # Only the type: a backend's message could contain the password.
    return KeySourceError(
        f"the keyring could not {action} the entry ({type(error).__name__}):"
        " unlock it, or check that it runs for this user"
    )
