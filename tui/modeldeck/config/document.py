"""One TOML file: what it says, on which line each key stands, and everything that is wrong with it, at once."""

from __future__ import annotations

import re
from pathlib import Path

from modeldeck.config.lines import lines_of
from modeldeck.config.values import Layer, Problem, Setting, Severity
from modeldeck.pipes import read_bytes

SIZE_LIMIT = 1 << 20
"""Bytes. More than that is not a configuration file, but the wrong path."""
LINE_LIMIT = 8192
"""Characters. A key or a value of more is a mistake, and one of many parts would take the parser minutes."""

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# Of UTF-8 and of UTF-16.
_LONG_NUMBER = re.compile(r"[0-9_]{1000}")


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
            data = read_bytes(self.path, SIZE_LIMIT)
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
        text = self._text(data)
        if text is None:
            return
        import tomllib

        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
            line = int(place[1]) if place and place[1] else text.rstrip("\n").count("\n") + 1
            message = str(error)[: place.start()] if place else str(error)
            self._broken(f":{line}", f"expected valid TOML: {message}")
        except RecursionError:
            self._broken("", "expected tables and arrays that are not nested so deeply")
        except ValueError:  # Python's own bound on the digits of a number
            long = next((number for number, line in enumerate(text.split("\n"), 1) if _LONG_NUMBER.search(line)), 1)
            self._broken(f":{long}", "expected a number of at most 64 bits")
        else:
            self._lines = lines_of(text)
            self._take(tables)

    def _text(self, data: bytes) -> str | None:
        """None after what is wrong with the bytes as such has been noted."""
        if data.startswith(_BOMS):
            self._broken(":1", "begins with a byte order mark", "save it as UTF-8 without BOM")
            return None
        try:
            text = data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._broken(f":{line}", "expected UTF-8 text")
            return None
        for number, line_text in enumerate(text.split("\n"), 1):
            if len(line_text) > LINE_LIMIT:
                self._broken(f":{number}", f"expected lines of at most {LINE_LIMIT} characters, found one of {len(line_text)}")
                return None
        return text

    def _take(self, tables: dict[str, object]) -> None:
        """Numbers of more than TOML's 64 bits, as 0x… can give them, are refused here, for every key."""
        waiting: list[tuple[tuple[str, ...], object]] = [((), tables)]
        while waiting:
            path, value = waiting.pop()
            if isinstance(value, dict):
                waiting.extend(((*path, key), below) for key, below in value.items())
            elif isinstance(value, list):
                waiting.extend(((*path, str(index)), below) for index, below in enumerate(value))
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                self.error(path, "expected a number of at most 64 bits")
                return
        self.tables = tables

    def _broken(self, line: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.ERROR, f"{self.path}{line}", "", message, hint))

    def line(self, path: tuple[str, ...]) -> int:
        """Of the key itself, or of the nearest table around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def where(self, path: tuple[str, ...]) -> str:
        return f"{self.path}:{self.line(path)}"

    def error(self, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.ERROR, self.where(path), ".".join(path), message, hint))

    def warn(self, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.WARNING, self.where(path), ".".join(path), message, hint))

    def setting(self, path: tuple[str, ...], value: object) -> Setting:
        return Setting(value, f"{self.path.name}:{self.line(path)}", Layer.FILE, self.where(path))
