"""One TOML file: what it says, on which line each key stands, and everything that is wrong with it, at once."""

from __future__ import annotations

import re
from pathlib import Path

from tui.environment.lines import lines_of
from tui.environment.values import Layer, Problem, Setting, Severity

SIZE_LIMIT = 1 << 20
"""Bytes. More than that is not a configuration file, but the wrong path."""


class Document:
    """`tables` is {} where the file could not be read; `problems` then say why.

    The path of a key is a tuple, in which the elements of an array are "0", "1" and so on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables: dict[str, object] = {}
        self.problems: list[Problem] = []
        self._lines: dict[tuple[str, ...], int] = {}

    def read(self, *, required: bool) -> None:
        """A file that is not there is an empty one, unless it was asked for by name."""
        try:
            with self.path.open("rb") as opened:
                data = opened.read(SIZE_LIMIT + 1)
        except FileNotFoundError:
            if required:
                self._broken("", "expected a TOML file, found no such file")
            return
        except OSError as error:
            self._broken("", f"cannot be read: {error.strerror}")
            return
        if len(data) > SIZE_LIMIT:
            self._broken("", "expected a TOML file of at most 1 MiB, found a bigger one")
            return
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        import tomllib

        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._broken(f":{line}", "expected UTF-8 text")
            return
        text = text.replace("\r\n", "\n")
        try:
            self.tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
            line = int(place[1]) if place and place[1] else text.rstrip("\n").count("\n") + 1
            words = str(error)[: place.start()] if place else str(error)
            self._broken(f":{line}", f"expected valid TOML: {words}")
            return
        self._lines = lines_of(text)

    def _broken(self, line: str, words: str) -> None:
        self.problems.append(Problem(Severity.ERROR, f"{self.path}{line}", "", words))

    def line(self, path: tuple[str, ...]) -> int:
        """Of the key itself, or of the nearest table around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def where(self, path: tuple[str, ...]) -> str:
        return f"{self.path}:{self.line(path)}"

    def error(self, path: tuple[str, ...], words: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.ERROR, self.where(path), ".".join(path), words, hint))

    def warn(self, path: tuple[str, ...], words: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.WARNING, self.where(path), ".".join(path), words, hint))

    def setting(self, path: tuple[str, ...], value: object) -> Setting:
        return Setting(value, f"{self.path.name}:{self.line(path)}", Layer.FILE, self.where(path))
