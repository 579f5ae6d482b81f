"""The TOML file as settings, each with its line; everything that is wrong with it, at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from modeldeck.config.document import Document
from modeldeck.config.keys import ADDRESSES, BY_NAME, KEYS, SECRET_FORMS, TABLES, Key, meant, spellings
from modeldeck.config.kinds import (
    DRIFT,
    FILES,
    GATE,
    GATES,
    HEADERS,
    OBJECTIVES,
    PATH,
    PATHS,
    PROFILES,
    SECRET,
    THEME,
    WORD,
    InvalidValue,
    named,
    without_userinfo,
)
from modeldeck.config.reading import at_home
from modeldeck.config.secrets import Form, SecretSource, others_can_read, vault
from modeldeck.config.values import Problem, Setting

_BY_PATH = {tuple(spelling.split(".")): key for key in KEYS for spelling in spellings(key)}
_LIKE_A_SECRET = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)
"""Names of headers whose values are no mere names of tenants."""
_TOP_KEYS = ["default", "environments", *(key.name for key in KEYS if key.everywhere)]


@dataclass(slots=True)
class FileConfig:
    """`shared` holds the settings at the top of the file, `environments` those of each environment, in the file's order."""

    path: Path
    default: Setting | None = None
    shared: dict[str, Setting] = field(default_factory=dict)
    environments: dict[str, dict[str, Setting]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_file(path: Path, *, required: bool) -> FileConfig:
    """A file that is not there is an empty one, unless it was asked for by name."""
    document = Document(path)
    document.read(required=required)
    config = FileConfig(path, problems=document.problems)
    _Reader(config, document).read()
    return config


class _Reader:
    """Walks the parsed tables, checks each key against the table of settings, and notes every problem."""

    def __init__(self, config: FileConfig, document: Document) -> None:
        self._config = config
        self._error, self._setting = document.error, document.setting
        self._document = document

    def read(self) -> None:
        for name, value in self._document.tables.items():
            if name == "default":
                self._default(value)
            elif name == "environments":
                self._environments(value)
            elif (key := BY_NAME.get(name)) and key.everywhere:
                self._take(self._config.shared, key, (name,), value)
            else:
                hint = meant(name, [*_TOP_KEYS, *TABLES])
                if name in TABLES:
                    hint = f"did you mean `[environments.NAME.{name}]`?"
                self._error((name,), "unknown key", hint)
        self._check_default()

    def _default(self, value: object) -> None:
        if isinstance(value, str):
            self._config.default = self._setting(("default",), value)
        else:
            self._error(("default",), f"expected the name of an environment, found {named(value)}")

    def _check_default(self) -> None:
        default = self._config.default
        if default and default.value not in self._config.environments and default.value != "sandbox":
            names = list(self._config.environments)
            self._error(("default",), f"expected the name of an environment, found {default.value!r}", meant(str(default.value), names))

    def _environments(self, value: object) -> None:
        if not isinstance(value, dict):
            self._error(("environments",), f"expected tables such as [environments.prod], found {named(value)}")
            return
        for name, table in value.items():
            path = ("environments", name)
            try:
                WORD.from_toml(name)
            except InvalidValue as unfit:
                self._error(path, str(unfit))
            if isinstance(table, dict):
                self._config.environments[name] = self._environment(path, table)
            else:
                self._error(path, f"expected a table, found {named(table)}")

    def _environment(self, path: tuple[str, ...], table: dict[str, object]) -> dict[str, Setting]:
        settings: dict[str, Setting] = {}
        for below, value in self._flat(path, table):
            key = _BY_PATH.get(below)
            if key is None:
                self._error((*path, *below), "unknown key", _meant_key(".".join(below)))
            else:
                self._take(settings, key, (*path, *below), value)
        return settings

    def _flat(self, path: tuple[str, ...], table: dict[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
        for name, value in table.items():
            if name not in TABLES:
                yield (name,), value
            elif isinstance(value, dict):
                yield from (((name, below), inner) for below, inner in value.items())
            elif isinstance(value, str) and name in ADDRESSES:
                yield tuple(ADDRESSES[name].split(".")), value
            else:
                self._error((*path, name), f"expected a table, found {named(value)}")

    def _take(self, settings: dict[str, Setting], key: Key, path: tuple[str, ...], value: object) -> None:
        if key.kind in (GATE, GATES):
            self._take_gates(settings, key, path, value)
            return
        if key.kind is PROFILES:
            from modeldeck.config.tables.profiles import read_profiles  # only where a file has one

            settings[key.name] = self._setting(path, read_profiles(self._document, path, value))
            return
        if key.kind is OBJECTIVES:
            from modeldeck.config.tables.objectives import read_objectives

            settings[key.name] = self._setting(path, read_objectives(self._document, path, value))
            return
        if key.kind is DRIFT:
            from modeldeck.config.tables.drift import read_drift  # likewise

            settings[key.name] = self._setting(path, read_drift(self._document, path, value))
            return
        try:
            fit: object
            if key.kind is SECRET:
                fit = self._secret(key, path, value)
            else:
                fit = self._headers(path, value) if key.kind is HEADERS else key.kind.from_toml(value)
        except InvalidValue as unfit:
            self._error(path, str(unfit))
            return
        if key.name in settings:
            self._error(path, f"expected one of {', '.join(spelling.rpartition('.')[2] for spelling in spellings(key))}, found two")
            return
        if key.name in ADDRESSES.values() and without_userinfo(str(fit)) != fit:
            self._warn_of_readers(path, "password")
        settings[key.name] = self._setting(path, self._located(key, fit))

    def _headers(self, path: tuple[str, ...], value: object) -> dict[str, SecretSource]:
        """Raises InvalidValue."""
        found = {}
        for name, kept in cast("dict[str, str | dict[str, object]]", HEADERS.from_toml(value)).items():
            form, inner = next(iter(kept.items())) if isinstance(kept, dict) else ("", kept)
            if not form and _LIKE_A_SECRET.search(name) and others_can_read(self._config.path):
                hint = f'chmod 600 {self._config.path}, or use {name} = {{ file = "…" }}, {{ env = "…" }} or {{ command = "…" }}'
                self._document.warn((*path, name), "what may be a secret stands in a file that others may read", hint)
            found[name] = vault(Form(f"_{form}" if form else ""), inner, self._config.path.parent)
        return found

    def _take_gates(self, settings: dict[str, Setting], key: Key, path: tuple[str, ...], value: object) -> None:
        from modeldeck.config.tables.gates import read_gate, read_gates  # only where a file has one

        found = read_gate(self._document, path, value) if key.kind is GATE else read_gates(self._document, path, value)
        if found is not None:
            settings[key.name] = self._setting(path, found)

    def _located(self, key: Key, value: object) -> object:
        """Paths in the file are relative to the file."""
        if key.kind is FILES:
            return tuple(str(self._config.path.parent / at_home(part)) for part in cast("tuple[str, ...]", value))
        is_theme_file = key.kind is THEME and ("/" in str(value) or str(value).endswith(".toml"))
        if key.kind not in (PATH, PATHS) and not is_theme_file:
            return value
        import os

        parts = str(value).split(os.pathsep) if key.kind is PATHS else [str(value)]
        return os.pathsep.join(str(self._config.path.parent / at_home(part)) for part in parts if part)

    def _secret(self, key: Key, path: tuple[str, ...], value: object) -> object:
        suffix = path[-1].removeprefix(key.name.rpartition(".")[2])
        kept = vault(Form(suffix), value, self._config.path.parent)
        if kept.form is Form.PLAIN:
            self._warn_of_readers(path, path[-1])
        return kept

    def _warn_of_readers(self, path: tuple[str, ...], word: str) -> None:
        if others_can_read(self._config.path):
            hint = f"chmod 600 {self._config.path}, or use {word}_file, {word}_env or {word}_command"
            self._document.warn(path, "a secret stands in a file that others may read", hint)


def _meant_key(dotted: str) -> str:
    """The nearest key of the same table, or the same word in another table."""
    table, dot, word = dotted.rpartition(".")
    plain = [key.name for key in KEYS]
    here = [name.rpartition(".")[2] for name in plain if name.rpartition(".")[0] == table]
    if not dot:
        here.extend(TABLES)
    if hint := meant(word, here):
        return hint
    base = next((word.removesuffix(form) for form in SECRET_FORMS if word.endswith(form)), word)
    return next((f"did you mean `{name}`?" for name in plain if name.rpartition(".")[2] == base), "")
