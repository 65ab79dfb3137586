"""Key pairs: what they are, how long they live, where they are read from.

In the order of the files: names and secrets, validity and expiry, the pair, many pairs in a list
or in a key file, the ring that chooses one, the health of a session's pairs, reading a file
from disk, following it, and the other sources; `generate_pair` and `write_key_file` make new ones.
"""

from gatepass._native import MAX_PAIRS_PER_SESSION
from gatepass.keys.expiry import WARNING_DAYS, ExpiryReminder, ExpiryWarning
from gatepass.keys.health import SessionHealth, session_health
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.issue import add_to_key_file, format_key_file, generate_pair, write_key_file
from gatepass.keys.keyfile import parse_key_file
from gatepass.keys.os_keyring import read_from_keyring, store_in_keyring
from gatepass.keys.pair import IssuedPair, KeyPair
from gatepass.keys.reading import read_key_file
from gatepass.keys.ring import KeyRing
from gatepass.keys.secret import SecretKey
from gatepass.keys.sources import FixedKeys, Keys, KeySource, as_source, open_keys
from gatepass.keys.validity import Status
from gatepass.keys.watch import KeyFile

__all__ = [
    "MAX_PAIRS_PER_SESSION",
    "WARNING_DAYS",
    "AccessKeyId",
    "ExpiryReminder",
    "ExpiryWarning",
    "FixedKeys",
    "IssuedPair",
    "KeyFile",
    "KeyPair",
    "KeyRing",
    "KeySource",
    "Keys",
    "SecretKey",
    "SessionHealth",
    "SessionId",
    "Status",
    "add_to_key_file",
    "as_source",
    "format_key_file",
    "generate_pair",
    "open_keys",
    "parse_key_file",
    "read_from_keyring",
    "read_key_file",
    "session_health",
    "store_in_keyring",
    "write_key_file",
]
