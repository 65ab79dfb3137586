"""How a run of the command ends: one exit code and, for bad input, one clear line."""

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
from gatepass.cli.terminal.key_reports import talking_of_keys
from gatepass.cli.terminal.output import emit, say
from gatepass.errors import GatepassError, SecretKeyError
from gatepass.keys.likely_secret import may_be_secret_part

BAD_INPUT = 2
#: As a shell reports a program ended by SIGINT and SIGPIPE: neither is an answer.
INTERRUPTED = 130
BROKEN_PIPE = 141
#: What is read until one knows enough: a reader who leaves then has missed nothing.
ABOUT_ITSELF = frozenset({"--help", "-h", "--version", "-V", "version"})

#: Characters of the shortest word that is taken for a secret. CME's have 43.
SECRET_LENGTH = 43
#: What a word may have before and behind one: an option, a source, a port, quotes, blanks.
_PARTS = re.compile(r"[=:@,;'\"\s]+")

#: What Typer says, in words that say what to give.
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
        (r"Got unexpected extra argument\(s\) \((.*)\)", r"too many words: \1"),
    )
)

#: The commands in the order in which a new user wants them; Typer would put groups last.
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
        """Run with these words and exit; no exception but a defect of gatepass leaves."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = self._run(words, prog_name or "gatepass", extra)
            sys.stdout.flush()
        except BrokenPipeError:
            streams.silence(sys.stdout)
            code = self._code_without_reader(words)
        except OSError as error:
            code = _lose(error, words)
        streams.finish_talk()
        sys.exit(code)

    def _code_without_reader(self, words: Sequence[str]) -> int:
        """Tell how a command ends whose reader has left before the end of the answer."""
        if not ABOUT_ITSELF.isdisjoint(words):
            return 0
        command: Any = self
        for word in words:
            command = getattr(command, "commands", {}).get(word)
        # Without a command there is no answer, but the help.
        return BAD_INPUT if hasattr(command, "commands") else BROKEN_PIPE

    def _run(self, words: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        try:
            _refuse_secret(words)
            with talking_of_keys(), self.make_context(prog_name, words[:], **extra) as context:
                self.invoke(context)
        except Exit as exit_:
            return exit_.exit_code
        except SystemExit as exit_:
            # Rich's way with a reader of the help who leaves.
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
    """Let the help of each command show no types: ``--help`` is a flag, and no ``<bool>``."""
    option = command.get_help_option(Context(command, **settings))
    option.metavar = ""
    for parameter in command.params:
        # An argument's name says what to give; the type that Typer shows beside it is Python's.
        if parameter.param_type_name == "argument" and hasattr(parameter, "display_type_rich"):
            parameter.display_type_rich = lambda **_: None
    for inner in getattr(command, "commands", {}).values():
        _show_no_types(inner, settings)


def _refuse(error: Exception, words: Sequence[str]) -> int:
    message = _without_secrets(_message(error), words)
    # Without a message Typer has printed the help instead: no command was given.
    if message:
        if "--json" in words:
            emit({"error": message, "type": type(error).__name__})
        say(f"gatepass: {message}")
    return BAD_INPUT


def _lose(error: OSError, words: Sequence[str]) -> int:
    """Say that a standard stream has failed, and give up what was still to be written there."""
    message = streams.fault(error)
    if "--json" in words:
        with suppress(OSError):
            emit({"error": message, "type": "OSError"})
    say(f"gatepass: {message}")
    streams.silence(sys.stdout)
    return BAD_INPUT


def _without_secrets(message: str, words: Sequence[str]) -> str:
    """Hide what was given and may be most of a secret key: an error may quote it into a log."""
    for word in words:
        for text in _parts(word):
            # In a folder that is there it is the name of a file.
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

    Done before anything else looks at them, for whatever refuses a word may quote it.
    """
    for number, word in enumerate(words, start=1):
        if any(map(_is_secret, _parts(word))):
            raise SecretKeyError(
                f"word {number} of the command line looks like a Secret Key, and others can read"
                " it there: give the path of a key file to --keys (and ./NAME for a file of such a"
                " name)"
            )


def _parts(word: str) -> list[str]:
    """Give a word, and what stands in it, as an option's name too."""
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
