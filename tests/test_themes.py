from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich._palettes import EIGHT_BIT_PALETTE
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from modeldeck.render.cell import ROLES
from modeldeck.themes import PARTS, ThemeError, builtin_names, choose_theme, find_theme, load_theme
from modeldeck.widgets.painting.palette import Palette

GOOD = """\
name = "mine"
dark = true

[colors]
background = "#101010"
foreground = "#eeeeee"
primary = "#66aaff"

[roles]
ok = "#00ff00"
bad = { color = "#ff0000", style = "bold underline" }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def palette(theme: Theme) -> Palette:
    return Palette({**theme.to_color_system().generate(), **theme.variables})


def test_the_three_themes_of_the_mission_are_there() -> None:
    assert {"dark", "light", "high-contrast", "terminal"} <= set(builtin_names())


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_themes_are_whole(name: str) -> None:
    theme = find_theme(name)
    assert isinstance(theme, Theme)
    assert theme.name == name
    assert {f"role-{role}" for role in (*ROLES, *PARTS) if role} <= set(theme.variables)


def contrast(one: Color, other: Color) -> float:
    """As WCAG 2 defines it."""

    def light(color: Color) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", [name for name in builtin_names() if name != "terminal"])
def test_every_role_can_be_read_on_every_ground(name: str) -> None:
    theme = find_theme(name)
    assert isinstance(theme, Theme)
    least = 7.0 if name == "high-contrast" else 4.0
    grounds = [Color.parse(theme.background or ""), *(Color.parse(theme.variables[f"role-{part}"]) for part in ("blurred", "bar"))]
    for role in ROLES:
        if role:
            text = Color.parse(theme.variables[f"role-{role}"])
            assert contrast(text, grounds[0]) >= least, role
            assert all(contrast(text, ground) >= 3.5 for ground in grounds[1:]), role


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast"])
def test_text_is_in_colours_that_cost_few_bytes(name: str) -> None:
    theme = find_theme(name)
    assert isinstance(theme, Theme)
    cheap = {tuple(EIGHT_BIT_PALETTE[number]) for number in range(16, 256)}
    texts = {role: Color.parse(theme.variables[f"role-{role}"]).rgb for role in ROLES if role}
    assert {role for role, color in texts.items() if color not in cheap} == set()
    assert Color.parse(theme.foreground or "").rgb in cheap


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast"])
def test_the_selection_keeps_the_colours_that_tell_how_something_does(name: str) -> None:
    theme = find_theme(name)
    assert isinstance(theme, Theme)
    selected = palette(theme).on("selected")
    assert len({selected[role] for role in ("ok", "warn", "bad", "")}) == 4
    assert selected["muted"] == selected["version"] == selected[""]


@pytest.mark.parametrize("name", builtin_names())
def test_selection_and_trouble_are_seen_without_colour(name: str) -> None:
    theme = find_theme(name)
    assert isinstance(theme, Theme)
    found = palette(theme)
    assert found.on("base")["bad"].bold
    assert found.on("base")["chip"].reverse
    selected = found.on("selected")[""]
    assert selected.bold or selected.reverse
    assert selected != found.on("base")[""]


@pytest.mark.parametrize("name", ["nord", "textual-light", "ansi-dark"])
def test_themes_that_know_no_roles_have_all_of_them(name: str) -> None:
    found = palette(BUILTIN_THEMES[name])
    for ground in ("base", "selected", "blurred", "bar", "stale", "stale-selected", "stale-blurred"):
        assert set(found.on(ground)) == set(ROLES)
    assert found.on("selected")[""] != found.on("base")[""]


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    theme = find_theme(str(write(tmp_path, GOOD)))
    assert isinstance(theme, Theme)
    assert theme.name == "mine"
    assert theme.variables == {"role-ok": "#00ff00", "role-bad": "#ff0000", "role-bad-style": "bold underline"}


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "expected"),
    [
        ('primary = "#66aaff"', 'primary = "#66aaf"', 7, "colors.primary", "expected a colour"),
        ('ok = "#00ff00"', 'okay = "#00ff00"', 10, "roles.okay", "expected one of ok, warn"),
        ('ok = "#00ff00"', "ok = 7", 10, "roles.ok", "expected a colour"),
        ("bold underline", "loud", 11, "roles.bad", "expected a style of the words"),
        ('foreground = "#eeeeee"\n', "", 4, "colors.foreground", "missing"),
        ("dark = true", "dark = 1", 2, "dark", "expected true or false"),
        ('name = "mine"', 'name = "My Theme"', 1, "name", "expected a name"),
        ("[roles]", "[rules]", 9, "rules", "expected one of name"),
        ("dark = true", "dark = maybe", 2, "", "not TOML"),
    ],
)
def test_a_broken_file_says_where_and_what_was_expected(tmp_path: Path, old: str, new: str, line: int, key: str, expected: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    error = find_theme(str(path))
    assert isinstance(error, ThemeError)
    assert (error.line, error.key) == (line, key)
    assert expected in error.message
    assert error.message.startswith(f"{path}:{line}: ")


def test_a_missing_file_and_an_unknown_name_are_errors(tmp_path: Path) -> None:
    missing = find_theme(str(tmp_path / "no.toml"))
    assert isinstance(missing, ThemeError)
    assert "No such file" in missing.message
    unknown = find_theme("drak")
    assert isinstance(unknown, ThemeError)
    assert "dark" in unknown.message
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    assert isinstance(load_theme(tmp_path / "bad.toml"), ThemeError)


def test_a_broken_theme_leaves_the_default(tmp_path: Path) -> None:
    theme, error = choose_theme(str(write(tmp_path, "name = 3")))
    assert theme.name == "dark"
    assert error is not None


@pytest.mark.parametrize(
    ("wanted", "no_color", "colors", "name"),
    [
        (None, False, 1 << 24, "dark"),
        (None, True, 1 << 24, "terminal"),
        (None, False, 16, "terminal"),
        ("light", False, 16, "light"),
        ("light", True, 1 << 24, "terminal"),
    ],
)
def test_poor_terminals_get_their_own_colours(wanted: str | None, no_color: bool, colors: int, name: str) -> None:
    theme, error = choose_theme(wanted, no_color=no_color, colors=colors)
    assert (theme.name, error) == (name, None)


@given(st.text(max_size=200))
def test_no_text_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    assert isinstance(load_theme(path), Theme | ThemeError)
