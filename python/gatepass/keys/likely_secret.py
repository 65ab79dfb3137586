"""Whether a text may be a secret key, or most of one, that was put in the wrong place.

What may be one is not repeated in a message. In doubt, a text counts as a secret: a key that was
cut, quoted, written with a line end or in standard base64, or that follows its Access Key ID, is
as secret as a whole one.

`may_be_secret` is for what should be a path. For what came in a message the core has the rule
(``likely_secret.rs``): `hidden` and `starred` apply it.
"""

from __future__ import annotations

import re

from gatepass._native import hide_secrets
from gatepass.keys.identifiers import MAX_ACCESS_KEY_ID_LENGTH

#: Characters of CME's keys, with room for what was lost or added: in standard base64 a key may have
#: ``/`` inside.
_OF_BASE64 = re.compile(r"[^/~][A-Za-z0-9+/_=-]{34,59}")
#: The shortest secret key has 22 characters (16 bytes); one that was cut may have a few fewer.
_WORD = re.compile(r"[A-Za-z0-9+_=-]{16,}")
_KINDS = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))


def may_be_secret(text: str) -> bool:
    """Tell whether a text has a word that could be one. With a dot it is the name of a file."""
    bare = text.strip().strip("'\"")
    if "." in bare:
        return False
    words = [bare] if _OF_BASE64.fullmatch(bare) else _WORD.findall(bare)
    return any(all(kind.search(word) for kind in _KINDS) for word in words)


def hidden(text: str, tag: int | None = None) -> str:
    """Write ``***`` for what may be a secret key: in the value of a `tag`, or in a sentence."""
    return hide_secrets(text.encode(errors="surrogatepass"), tag).decode(errors="surrogatepass")


def starred(value: bytes, tag: int) -> bytes:
    """Write an asterisk for each character of what may be a secret key in the value of a tag."""
    return hide_secrets(value, tag, keep_length=True)


def may_be_secret_part(text: str) -> bool:
    """Tell the same for a text that may be an Access Key ID: only a longer one counts."""
    return len(text) > MAX_ACCESS_KEY_ID_LENGTH and may_be_secret(text)
