"""Themes as TOML: the built-in ones in themes/, and the user's own files in the same format.

A file has a `name`, `dark` (true or false), a table `[colors]` with Textual's theme colours, and a table `[roles]` with a colour, or
`{ color, style }`, for each meaning (`modeldeck.render.cell.Role`) and for the parts of the frame. What a file leaves out is derived by
Textual. A broken file is a `ThemeError` value: the console says it and goes on with the default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from modeldeck.config.reading import at_home
from modeldeck.pipes import read_bytes
from modeldeck.render.cell import ROLES

DEFAULT = "dark"
PLAIN = "terminal"
"""Uses the terminal's own colours: for 16 colours and for NO_COLOR."""

_COLORS = ("background", "foreground", "primary", "secondary", "accent", "success", "warning", "error", "surface", "panel", "boost")
_REQUIRED = ("background", "foreground", "primary")
PARTS = ("head", "frame", "frame-focus", "selected", "blurred", "bar")
"""Roles of parts of widgets; `selected`, `blurred` and `bar` colour the ground."""

_ROLE_KEYS = (*(role for role in ROLES if role), *PARTS)
_STYLES = ("none", "bold", "dim", "italic", "underline", "reverse")
_ANSI_VARIABLES = {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}
# Textual's own styles need them in a theme of ANSI colours, and derive them in any other.
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_LONGEST = 1 << 16
_COLOR_WORDS = "a colour such as “#7cb7ff” or “ansi_blue”"


@dataclass(frozen=True, slots=True)
class ThemeError:
    """Why a theme cannot be used. `line` is 1-based; None where the file itself is the trouble."""

    path: str
    line: int | None
    key: str
    expected: str

    @property
    def message(self) -> str:
        """One line for the operator: file, line, key and what was expected."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.key}: {self.expected}" if self.key else f"{place}: {self.expected}"


class _Wrong(Exception):
    """A value that is not what it should be, while one file is read."""

    def __init__(self, section: str, key: str, expected: str) -> None:
        super().__init__(expected)
        self.section, self.key, self.expected = section, key, expected


def themes_folder() -> Path:
    """Where the built-in themes are: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "_themes"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "themes"


def builtin_names() -> tuple[str, ...]:
    """Names of the themes that come with modeldeck, sorted."""
    return tuple(sorted(path.stem for path in themes_folder().glob("*.toml")))


def find_theme(wanted: str) -> Theme | ThemeError:
    """The theme called `wanted`, or, where it looks like a path (it ends with .toml or has a separator), the one in that file."""
    if wanted.endswith(".toml") or "/" in wanted:
        return load_theme(at_home(wanted))
    if wanted not in builtin_names():
        return ThemeError(wanted, None, "theme", f"expected one of {', '.join(builtin_names())}, or the path of a .toml file")
    return load_theme(themes_folder() / f"{wanted}.toml")


def load_theme(path: Path) -> Theme | ThemeError:
    """Read one theme file."""
    try:
        text = read_bytes(path, _LONGEST)[:_LONGEST].decode("utf-8-sig")
    except OSError as error:
        return ThemeError(str(path), None, "", f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError:
        return ThemeError(str(path), None, "", "expected UTF-8 text")
    try:
        return _theme(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = _AT_LINE.search(str(error))
        line = int(place[1]) if place else len(text.splitlines())
        return ThemeError(str(path), line, "", f"not TOML: {_AT_LINE.sub('', str(error))}")
    except (RecursionError, ValueError):
        return ThemeError(str(path), None, "", "not TOML: nested too deeply, or a number beyond its bounds")
    except _Wrong as wrong:
        key = f"{wrong.section}.{wrong.key}" if wrong.section else wrong.key
        return ThemeError(str(path), _line_of(text, wrong.section, wrong.key), key, wrong.expected)


def choose_theme(wanted: str | None, *, no_color: bool = False, colors: int = 1 << 24) -> tuple[Theme, ThemeError | None]:
    """The theme to start with, and what was wrong with the wanted one, if anything.

    NO_COLOR is stronger than any choice. Where nothing was asked for and the terminal has 16 colours or none, the plain theme keeps
    everything readable.
    """
    fallback = PLAIN if no_color or colors <= 16 else DEFAULT
    found = find_theme(wanted or fallback)
    if isinstance(found, ThemeError):
        return _builtin(fallback), found
    return (_builtin(PLAIN) if no_color else found), None


def _builtin(name: str) -> Theme:
    theme = find_theme(name)
    if isinstance(theme, ThemeError):
        raise RuntimeError(f"modeldeck is not installed completely: {theme.message}")
    return theme


def _theme(document: Mapping[str, Any]) -> Theme:
    for key in document:
        if key not in ("name", "dark", "colors", "roles"):
            raise _Wrong("", key, "expected one of name, dark, colors, roles")
    name = document.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise _Wrong("", "name", "expected a name in small letters, digits and hyphens")
    dark = document.get("dark", True)
    if not isinstance(dark, bool):
        raise _Wrong("", "dark", "expected true or false")
    colors = _colors(_table(document, "colors"))
    variables = _variables(_table(document, "roles"))
    ansi = colors["background"].startswith("ansi_")
    if ansi:
        variables = {**_ANSI_VARIABLES, **variables}
    return Theme(name=name, dark=dark, variables=variables, ansi=ansi, **colors)  # type: ignore[arg-type]


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise _Wrong("", key, f"expected a table [{key}]")
    return table


def _colors(table: Mapping[str, Any]) -> dict[str, str]:
    for key in table:
        if key not in _COLORS:
            raise _Wrong("colors", key, f"expected one of {', '.join(_COLORS)}")
    for key in _REQUIRED:
        if key not in table:
            raise _Wrong("colors", key, f"missing; expected {_COLOR_WORDS}")
    return {key: _color("colors", key, value) for key, value in table.items()}


def _variables(table: Mapping[str, Any]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for key, value in table.items():
        if key not in _ROLE_KEYS:
            raise _Wrong("roles", key, f"expected one of {', '.join(_ROLE_KEYS)}")
        if isinstance(value, dict):
            for part in value:
                if part not in ("color", "style"):
                    raise _Wrong("roles", key, "expected a colour, or { color = …, style = … }")
            if "style" in value:
                variables[f"role-{key}-style"] = _style(key, value["style"])
            value = value.get("color")
        if value is not None:
            variables[f"role-{key}"] = _color("roles", key, value)
    return variables


def _color(section: str, key: str, value: object) -> str:
    try:
        if isinstance(value, str) and not value.startswith("auto"):
            Color.parse(value)
            return value
    except ColorParseError:
        pass
    raise _Wrong(section, key, f"expected {_COLOR_WORDS}, not {value!r}")


def _style(key: str, value: object) -> str:
    if isinstance(value, str) and value and all(word in _STYLES for word in value.split()):
        return value
    raise _Wrong("roles", key, f"expected a style of the words {', '.join(_STYLES)}, not {value!r}")


def _line_of(text: str, section: str, key: str) -> int | None:
    """The line that sets `key`; where none does, the one that opens its section."""
    current, opened = "", None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if header:
            current = header[1]
            if current == (section or key):
                opened = number
        elif current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line):
            return number
    return opened
