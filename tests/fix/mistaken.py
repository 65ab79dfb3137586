"""The strings that clients sign by mistake, built independently by the oracle from a message.

One entry for each row of `gatepass.fix.mistakes`, with the row's description as key; nothing here
comes from the package.
"""

from __future__ import annotations

from collections.abc import Callable

from tests import oracle
from tests.fix.samples import NAMES, Body

Builder = Callable[[Body], str]


def value(body: Body, tag: str) -> str:
    return dict(body)[tag]


def lines(body: Body, delimiter: str = "\n", **other: str | None) -> str:
    """The signed values; ``t49="X"`` puts another one, ``t49=None`` none."""
    new = {name.removeprefix("t"): text for name, text in other.items()}
    chosen = [new.get(tag, value(body, tag)) for tag in oracle.ORDER]
    return delimiter.join(text for text in chosen if text is not None)


def with_56(body: Body) -> str:
    tags = sorted([*oracle.ORDER, "56"], key=int)
    return "\n".join(value(body, tag) for tag in tags)


MISTAKEN: dict[str, Builder] = {
    "with a line feed after the last value": lambda body: lines(body) + "\n",
    "with a line feed before the first value": lambda body: "\n" + lines(body),
    "with the tag numbers in it (tag=value)": lambda body: "\n".join(
        f"{tag}={value(body, tag)}" for tag in oracle.ORDER
    ),
    "with TargetCompID (56) in it": with_56,
    "in the order of the message instead of ascending tags": lambda body: "\n".join(
        text for tag, text in body if tag in NAMES
    ),
    "with SenderCompID (49) cut to the Session ID": lambda body: lines(
        body, t49=value(body, "49")[:3]
    ),
    "with SenderCompID (49) without its Fault Tolerance Indicator": lambda body: lines(
        body, t49=value(body, "49")[:-1]
    ),
    "with SendingTime (52) without its milliseconds": lambda body: lines(
        body, t52=value(body, "52").split(".")[0]
    ),
    "with nothing between the values": lambda body: lines(body, ""),
    "with a backslash and an n between the values, instead of a line feed": lambda body: lines(
        body, r"\n"
    ),
    "with CR LF between the values": lambda body: lines(body, "\r\n"),
    "with SOH between the values": lambda body: lines(body, "\x01"),
    "with | between the values": lambda body: lines(body, "|"),
    "with blanks between the values": lambda body: lines(body, " "),
    "with commas between the values": lambda body: lines(body, ","),
    **{
        f"without {name} ({tag})": lambda body, t=tag: lines(body, **{f"t{t}": None})
        for tag, name in NAMES.items()
    },
    **{
        f"with an empty line for {name} ({tag})": lambda body, t=tag: lines(body, **{f"t{t}": ""})
        for tag, name in NAMES.items()
    },
}
