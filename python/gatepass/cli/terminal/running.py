"""How the command ends: with one exit code and, for bad input, one clear line."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from typer import Abort, Context, Exit, TyperException
from typer.core import TyperGroup

from gatepass._native import SigningKey
from gatepass.cli.terminal import streams
from gatepass.cli.terminal.key_reports import printing_key_warnings
from gatepass.cli.terminal.output import emit, say
from gatepass.errors import GatepassError, SecretKeyError
from gatepass.keys.likely_secret import may_be_secret_part

BAD_INPUT = 2
#: What a shell reports for a program that SIGINT or SIGPIPE ended: neither is a result.
INTERRUPTED = 130
BROKEN_PIPE = 141
#: Words that ask for help or the version. A reader may close that output early without loss.
ABOUT_ITSELF = frozenset({"--help", "-h", "--version", "-V", "version"})

#: Shortest word that is taken for a secret, in characters. CME's have 43.
SECRET_LENGTH = 43
#: What may separate a secret from the rest of a word: after an option, a source or quotes.
_PARTS = re.compile(r"[=:@,;'\"\s]+")

#: Typer's messages, and the plain text that replaces them and says what to give.
_PLAIN = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"(Invalid value for|Missing argument|Missing option) '([^']+)'", r"\1 \2"),
        (r"Input should be a valid integer, unable to parse .*? an integer", "give a whole number"),
        (r"Input should be a valid number, unable to parse .*? a number", "give a number"),
        (r"Input should be greater than or equal to (\S+)", r"give \1 or more"),
        (r"Input should be less than or equal to (\S+)", r"give \1 or less"),
        (r"Value error, (.*)\. \(?", r"\1 ("),
        (r"Value error, ", ""),
        (r"Got unexpected extra argument\(s\) \((.*)\)", r"too many arguments: \1"),
    )
)

#: The commands in the order in which a new user needs them; Typer would put groups last.
ORDER = (
    *("samples", "sign", "verify", "explain", "keys", "simulate", "logon", "center", "demo"),
    *("bench", "version"),
)


class Commands(TyperGroup):
    """The top of the command tree."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        _show_no_types(self, given["context_settings"])

    def list_commands(self, ctx: object) -> list[str]:
        """Name the commands in `ORDER`."""
        return list(ORDER)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run with these words and exit. Only a defect of gatepass raises an exception."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = self._run(words, prog_name or "gatepass", extra)
            sys.stdout.flush()
        except BrokenPipeError:
            streams.silence(sys.stdout)
            code = self._code_without_reader(words)
        except OSError as error:
            code = _lose(error, words)
        streams.finish_messages()
        sys.exit(code)

    def _code_without_reader(self, words: Sequence[str]) -> int:
        """Return the exit code if the reader closed the output before its end."""
        if not ABOUT_ITSELF.isdisjoint(words):
            return 0
        command: Any = self
        for word in words:
            command = getattr(command, "commands", {}).get(word)
        # Without a command, the output was only the help.
        return BAD_INPUT if hasattr(command, "commands") else BROKEN_PIPE

    def _run(self, words: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        try:
            _refuse_secret(words)
            with (
                printing_key_warnings(),
                self.make_context(prog_name, words[:], **extra) as context,
            ):
                self.invoke(context)
        except Exit as exit_:
            return exit_.exit_code
        except SystemExit as exit_:
            # Rich exits like this if the reader of the help closes it.
            if not isinstance(exit_.__context__, BrokenPipeError):
                raise
            raise BrokenPipeError from exit_
        except BrokenPipeError:
            raise
        except OSError as error:
            if streams.is_fault(error):
                raise
            return _refuse(error, words)
        except (TyperException, GatepassError) as error:
            return _refuse(error, words)
        except (KeyboardInterrupt, Abort):
            say("interrupted")
            return INTERRUPTED
        return 0


def _show_no_types(command: Any, settings: Mapping[str, Any]) -> None:
    """Remove the types from the help of each command, such as ``<bool>`` after ``--help``."""
    option = command.get_help_option(Context(command, **settings))
    option.metavar = ""
    for parameter in command.params:
        # An argument's name says what to give; Typer would add the Python type.
        if parameter.param_type_name == "argument" and hasattr(parameter, "display_type_rich"):
            parameter.display_type_rich = lambda **_: None
    for inner in getattr(command, "commands", {}).values():
        _show_no_types(inner, settings)


def _refuse(error: Exception, words: Sequence[str]) -> int:
    message = _without_secrets(_message(error), words)
    # An empty message: no command was given, and Typer has printed the help instead.
    if message:
        if "--json" in words:
            emit({"error": message, "type": type(error).__name__})
        say(f"gatepass: {message}")
    return BAD_INPUT


def _lose(error: OSError, words: Sequence[str]) -> int:
    """Say that a standard stream has failed, and drop the output that is left."""
    message = streams.fault(error)
    if "--json" in words:
        with suppress(OSError):
            emit({"error": message, "type": "OSError"})
    say(f"gatepass: {message}")
    streams.silence(sys.stdout)
    return BAD_INPUT


def _without_secrets(message: str, words: Sequence[str]) -> str:
    """Hide arguments that may be most of a secret key: the error may end up in a log."""
    for word in words:
        for text in _parts(word):
            # A name inside an existing folder is a file name.
            is_file = "/" in text and Path(text).parent.is_dir()
            if may_be_secret_part(text) and not is_file:
                message = message.replace(text, "***")
    return message


def _message(error: Exception) -> str:
    if isinstance(error, TyperException):
        message = " ".join(error.format_message().split())
        for pattern, plain in _PLAIN:
            message = pattern.sub(plain, message)
        context = getattr(error, "ctx", None)
        return f"{message} (see {context.command_path} --help)" if message and context else message
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}"
    return str(error)


def _refuse_secret(words: Sequence[str]) -> None:
    """Refuse a secret among the words: every user of the machine can read a command line.

    This comes first, because any later error may quote a word.
    """
    for number, word in enumerate(words, start=1):
        if any(map(_is_secret, _parts(word))):
            raise SecretKeyError(
                f"word {number} of the command line looks like a Secret Key, and other users can"
                " read it there: give --keys the path of a key file (write ./NAME if this is the"
                " name of a file)"
            )


def _parts(word: str) -> list[str]:
    """Return a word and its parts, each also without the dashes of an option."""
    parts = [word, *_PARTS.split(word)]
    return [*parts, *(part.lstrip("-") for part in parts)]


def _is_secret(text: str) -> bool:
    if len(text) < SECRET_LENGTH:
        return False
    try:
        SigningKey(text)
    except SecretKeyError:
        return False
    return True
