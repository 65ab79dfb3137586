"""The secret half of a key pair, as text, for code that must write it to a file.

To sign, use a `gatepass._native.SigningKey`, which cannot be read back.
"""

from __future__ import annotations

import base64
import secrets
from typing import NoReturn, final

from gatepass._native import DiagnosisKey, SigningKey
from gatepass.errors import SecretKeyError

#: Bytes of a generated secret. CME's keys have 32.
SECRET_BYTES = 32


@final
class SecretKey:
    """The text of a Secret Key, shown only by `reveal`.

    Raises `gatepass.errors.SecretKeyError` when the text is not a usable secret key. Cannot be
    pickled or copied. Python cannot wipe a ``str``: keep one of these only as long as it takes to
    write it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        try:
            if not isinstance(text, str):
                kind, text = type(text), ""
                raise SecretKeyError(f"a secret key is text, not {kind.__name__}")
            SigningKey(text)
            self._text = text
        finally:
            del text  # a traceback that shows local variables would show it

    @classmethod
    def generate(cls) -> SecretKey:
        """Make a new secret from the operating system's random source."""
        text = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES))
        return cls(text.rstrip(b"=").decode("ascii"))

    def reveal(self) -> str:
        """Return the secret text itself."""
        return self._text

    def signing_key(self) -> SigningKey:
        """Return the key that signs with this secret."""
        return SigningKey(self._text)

    def diagnosis_key(self) -> DiagnosisKey:
        """Return what recognises signatures made with this secret's text."""
        return DiagnosisKey(self._text)

    def __repr__(self) -> str:
        return "<SecretKey [redacted]>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a SecretKey cannot be pickled or copied: pass its key file instead")


def wipe(buffer: bytearray) -> None:
    """Overwrite a buffer with zeros, in place and at the same length."""
    buffer[:] = bytes(len(buffer))
