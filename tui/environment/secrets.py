"""Where a secret is kept, and reading it from there. What goes wrong is said without the secret, and without a command's output."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tui.domain.environments import Secret
from tui.environment.kinds import Unfit
from tui.environment.reading import at_home, read_bytes

COMMAND_SECONDS = 10.0
_LONGEST = 1 << 16


class Form(StrEnum):
    """How the file gives a secret: the suffix of its key."""

    PLAIN = ""
    FILE = "_file"
    VARIABLE = "_env"
    COMMAND = "_command"


@dataclass(frozen=True, slots=True)
class Vault:
    """A secret that is not read yet. `place` is a path, a variable's name or a command; for PLAIN the secret itself stands in `secret`."""

    form: Form
    place: tuple[str, ...] = ()
    secret: Secret | None = None


def vault(form: Form, value: object, folder: Path) -> Vault:
    """A TOML value as a Vault. Raises Unfit; a plain secret is never quoted in it."""
    if form is Form.COMMAND:
        return Vault(form, _command(value))
    if not isinstance(value, str):
        raise Unfit("expected a string")
    if not value.strip():
        raise Unfit("expected a value, found an empty string")
    if form is Form.PLAIN:
        return plain(value)
    return Vault(form, (str(folder / at_home(value)) if form is Form.FILE else value,))


def plain(text: str) -> Vault:
    return Vault(Form.PLAIN, secret=Secret(text))


def _command(value: object) -> tuple[str, ...]:
    import shlex

    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError:
            raise Unfit("expected a command, found an unclosed quotation") from None
    elif isinstance(value, list) and all(isinstance(word, str) for word in value):
        words = value
    else:
        raise Unfit("expected a command as a string or as an array of strings")
    if not words:
        raise Unfit("expected a command, found nothing")
    return tuple(words)


def read(kept: Vault, environ: Mapping[str, str]) -> Secret:
    """The secret itself. Raises Unfit. A command may take COMMAND_SECONDS; it runs without a shell and without our terminal."""
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
        raise Unfit(missing)
    return Secret(text.strip())


def _file_text(path: Path) -> str:
    try:
        data = read_bytes(path, _LONGEST)
        if len(data) > _LONGEST:
            raise Unfit(f"expected a secret of at most {_LONGEST} bytes in {path}")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit(f"expected text in {path}, found bytes that are not UTF-8") from None
    except OSError as error:
        raise Unfit(f"cannot read {path}: {error.strerror}") from None


def _command_text(command: tuple[str, ...], environ: Mapping[str, str]) -> str:
    import subprocess

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unfit(f"{command[0]} gave no answer in {COMMAND_SECONDS:g} s") from None
    except OSError as error:
        raise Unfit(f"cannot run {command[0]}: {error.strerror}") from None
    if done.returncode:
        raise Unfit(f"{command[0]} ended with exit code {done.returncode}: run it yourself to see why")
    return done.stdout.decode("utf-8", "replace")


def others_can_read(path: Path) -> bool:
    """Whether people other than the owner may read a file. False where that cannot be found out."""
    try:
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False
