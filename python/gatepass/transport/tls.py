"""TLS for both sides: contexts from files, and why a handshake failed."""

from __future__ import annotations

import ssl
from pathlib import Path

from gatepass.errors import ConfigError

#: Seconds in which a handshake must be done, on either side.
HANDSHAKE_WAIT = 5.0

#: OpenSSL's numbers for why a certificate was not accepted (``X509_V_ERR_...``).
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """Return the context that a gateway listens with: a certificate and its key, both PEM.

    Without `key`, the key is in the certificate's file. Raises `ConfigError`.
    """

    def refuse_to_ask() -> str:
        # OpenSSL would ask for the passphrase on the terminal.
        raise ConfigError("the key has a passphrase: give it without one", key or certificate)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in (certificate, key or certificate):
        _look(path)
    try:
        context.load_cert_chain(certificate, key, refuse_to_ask)
    except ssl.SSLError as error:
        words = {
            "KEY_VALUES_MISMATCH": "the key is another certificate's: give the one made with it",
        }.get(error.reason or "", "give a certificate and its key, both as PEM")
        raise ConfigError(words, certificate) from error
    return context


def client_context(authority: Path | None = None) -> ssl.SSLContext:
    """Return the context of a client: it trusts the system's authorities, or only `authority`.

    `authority` is a PEM file of certificates. Raises `ConfigError`.
    """
    if authority is not None:
        _look(authority)
    try:
        return ssl.create_default_context(cafile=authority)
    except ssl.SSLError as error:
        raise ConfigError("give a certificate as PEM", Path(authority or "")) from error


def handshake_fault(error: OSError, host: str) -> str | None:
    """Say why a client's TLS handshake failed and what to do; ``None`` if the error is another."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_fault(error, host)
    if isinstance(error, ssl.SSLError):
        return (
            f"the TLS handshake failed ({error.reason or error}): the gateway listens without TLS,"
            " or with a version of it that is not accepted here; connect without TLS, or check the"
            " gateway's settings"
        )
    if isinstance(error, ConnectionError) and error.errno is None:
        return (
            "the TCP connection was made, but the TLS handshake was not answered: the gateway"
            " listens without TLS; connect without it, or to its port with TLS"
        )
    return None


def _certificate_fault(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        return (
            f"the gateway's certificate is not for {host}: connect with a name that is in it, or"
            " get a certificate for this name"
        )
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        return (
            f"the gateway's certificate is not valid now ({error.verify_message}): get a new one,"
            " and check this machine's clock"
        )
    return (
        f"the gateway's certificate is not from a trusted authority ({error.verify_message}): give"
        " the certificate of the authority that issued it"
    )


def _look(path: Path) -> None:
    """Read a byte: OpenSSL does not say which file it cannot read."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror}", path) from error
