"""Where a secret is kept, and reading it from there. What goes wrong is said without the secret, and without a command's output."""

from __future__ import annotations

import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from modeldeck.config.kinds import InvalidValue
from modeldeck.config.reading import at_home
from modeldeck.domain.environments import Secret
from modeldeck.pipes import read_bytes

if TYPE_CHECKING:
    import subprocess

COMMAND_SECONDS = 10.0
LONGEST = 64 * 1024
"""Bytes. The largest tokens, with all groups of a large company in them, have some 16 kB."""


class Form(StrEnum):
    """How the file gives a secret: the suffix of its key."""

    PLAIN = ""
    FILE = "_file"
    VARIABLE = "_env"
    COMMAND = "_command"


@dataclass(frozen=True, slots=True)
class SecretSource:
    """A secret that is not read yet. `place` is a path, a variable's name or a command; for PLAIN the secret itself stands in `secret`."""

    form: Form
    place: tuple[str, ...] = ()
    secret: Secret | None = None


def vault(form: Form, value: object, folder: Path) -> SecretSource:
    """A TOML value as a SecretSource. Raises InvalidValue; a plain secret is never quoted in it."""
    if form is Form.COMMAND:
        return SecretSource(form, _command(value))
    if not isinstance(value, str):
        raise InvalidValue("expected a string")
    if not value.strip():
        raise InvalidValue("expected a value, found an empty string")
    if form is Form.PLAIN:
        return plain(value)
    return SecretSource(form, (str(folder / at_home(value)) if form is Form.FILE else value,))


def plain(text: str) -> SecretSource:
    return SecretSource(Form.PLAIN, secret=Secret(text))


def _command(value: object) -> tuple[str, ...]:
    import shlex

    if isinstance(value, str):
        try:
            message = shlex.split(value)
        except ValueError:
            raise InvalidValue("expected a command, found an unclosed quotation") from None
    elif isinstance(value, list) and all(isinstance(word, str) for word in value):
        message = value
    else:
        raise InvalidValue("expected a command as a string or as an array of strings")
    if not message:
        raise InvalidValue("expected a command, found nothing")
    return tuple(message)


def read(kept: SecretSource, environ: Mapping[str, str]) -> Secret:
    """The secret itself. Raises InvalidValue. A command may take COMMAND_SECONDS; it runs without a shell and without our terminal."""
    if kept.form is Form.PLAIN:
        return kept.secret or Secret("")
    if kept.form is Form.VARIABLE:
        text = environ.get(kept.place[0], "")
        missing = f"the environment variable {kept.place[0]} is not set"
    elif kept.form is Form.FILE:
        text = _file_text(Path(kept.place[0]))
        missing = f"the file {kept.place[0]} is empty"
    else:
        text = _command_text(kept.place, environ)
        missing = f"{kept.place[0]} printed nothing"
    if not text.strip():
        raise InvalidValue(missing)
    return Secret(text.strip())


def _file_text(path: Path) -> str:
    try:
        return _bounded(read_bytes(path, LONGEST), str(path)).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValue(f"expected text in {path}, found bytes that are not UTF-8") from None
    except OSError as error:
        raise InvalidValue(f"cannot read {path}: {error.strerror}") from None
    except InvalidValue:
        raise
    except ValueError:  # a NUL
        raise InvalidValue("cannot read the file: its name holds a character that no file's may") from None


def _bounded(found: bytes, where: str) -> bytes:
    if len(found) > LONGEST:
        raise InvalidValue(f"expected a secret, found more than {LONGEST // 1024} kB from {where}: too large")
    return found


def _command_text(command: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """What a command prints, as far as a secret may be long; one that goes on printing is ended."""
    import subprocess

    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environ), bufsize=0
        )
    except OSError as error:
        raise InvalidValue(f"cannot run {command[0]}: {error.strerror}") from None
    except ValueError:  # a NUL among its words
        raise InvalidValue("cannot run the command: it holds a character that no command may") from None
    with process:  # closes the pipe, and waits
        try:
            ends = time.monotonic() + COMMAND_SECONDS
            found = _printed(process, ends)
            code = process.wait(max(0.0, ends - time.monotonic())) if len(found) <= LONGEST else 0
        except subprocess.TimeoutExpired:
            raise InvalidValue(f"{command[0]} gave no answer in {COMMAND_SECONDS:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
    if code:
        raise InvalidValue(f"{command[0]} ended with exit code {code}: run it yourself to see why")
    return _bounded(found, command[0]).decode("utf-8", "replace")


def _printed(process: subprocess.Popen[bytes], ends: float) -> bytes:
    """Its output to the end, or one byte more than may be. Raises subprocess.TimeoutExpired."""
    import selectors
    import subprocess

    assert process.stdout is not None
    found = b""
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while len(found) <= LONGEST:
            if not ready.select(max(0.0, ends - time.monotonic())):
                raise subprocess.TimeoutExpired(process.args, COMMAND_SECONDS)
            piece = process.stdout.read(LONGEST + 1 - len(found))
            if not piece:
                break
            found += piece
    return found


def others_can_read(path: Path) -> bool:
    """Whether people other than the owner may read a file. False where that cannot be found out."""
    try:
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False
