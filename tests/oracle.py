"""The reference oracle, sharing no code with the package. One character is one byte (Latin-1)."""

import base64
import hmac

ORDER = ("34", "49", "50", "52", "57", "108", "142", "369", "1603", "1604", "1605")
REPLACED = ("98", "95", "96", "354", "355", "1400", "1401", "1402")


def canonical(values, order=ORDER):
    return "\n".join(values[tag] for tag in order)


def signature(secret, values, order=ORDER):
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    mac = hmac.digest(key, canonical(values, order).encode("latin-1"), "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def fields(message):
    found, rest = [], message.decode("latin-1")
    while rest:
        tag, rest = rest.split("=", 1)
        end = int(found[-1][1]) if tag in ("96", "355", "1402") else rest.index("\x01")
        found, rest = [*found, (tag, rest[:end])], rest[end + 1 :]
    return found


def framed(begin, body):
    text = "".join(f"{tag}={value}\x01" for tag, value in body)
    message = f"8={begin}\x019={len(text)}\x01{text}".encode("latin-1")
    return message + b"10=%03d\x01" % (sum(message) % 256)


def sign(secret, key_id, logon):
    (_, begin), _, *body, _ = fields(logon)
    kept = [(tag, value) for tag, value in body if tag not in REPLACED]
    added = (str(len(key_id)), key_id, "CME-1-SHA-256", "43", signature(secret, dict(kept)))
    return framed(begin, kept + list(zip(REPLACED[3:], added, strict=True)))


def verify(secret, logon):
    (_, begin), _, *body, _ = fields(logon)
    return framed(begin, body) == logon and dict(body)["1402"] == signature(secret, dict(body))
