"""Flags and environment variables as settings."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.config.keys import CONTROL_VARIABLES, KEYS, Key, meant
from modeldeck.config.kinds import GATE, PATH, SECRET, InvalidValue
from modeldeck.config.reading import at_home
from modeldeck.config.secrets import plain
from modeldeck.config.values import Flags, Layer, Problem, Setting, Severity

Found = tuple[dict[str, Setting], list[Problem]]


def from_flags(flags: Flags) -> Found:
    settings: dict[str, Setting] = {}
    problems: list[Problem] = []
    for key in KEYS:
        value = getattr(flags, key.flag) if key.flag else None
        if value is None or value in ("", ()):
            continue
        name = flag_name(key)
        try:
            fit = key.kind.from_text(value) if isinstance(value, str) else key.kind.from_toml(_as_toml(value))
        except InvalidValue as unfit:
            problems.append(Problem(Severity.ERROR, name, key.name, str(unfit)))
        else:
            settings[key.name] = Setting(_at_home(key, fit), name, Layer.FLAG)
    return settings, problems


def flag_name(key: Key) -> str:
    """As the command line spells it: shorter than the field where only one thing can be meant."""
    names = {"namespaces": "--namespace", "tracking_uri": "--mlflow", "prometheus_url": "--prometheus"}
    return names.get(key.flag, "--" + key.flag.replace("_", "-"))


def _as_toml(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def from_variables(environ: Mapping[str, str]) -> Found:
    """An empty variable is an unset one."""
    settings: dict[str, Setting] = {}
    problems: list[Problem] = []
    for key in KEYS:
        text = environ.get(key.variable, "") if key.variable else ""
        if not text:
            continue
        origin = f"environment variable {key.variable}"
        if key.kind is GATE:
            table, wrong = _gate_file(text)
            problems += wrong
            settings[key.name] = Setting(table, origin, Layer.VARIABLE)
            continue
        try:
            fit = plain(text) if key.kind is SECRET else key.kind.from_text(text)
        except InvalidValue as unfit:
            problems.append(Problem(Severity.ERROR, origin, key.name, str(unfit)))
        else:
            settings[key.name] = Setting(_at_home(key, fit), origin, Layer.VARIABLE)
    return settings, problems


def _gate_file(text: str) -> tuple[object, list[Problem]]:
    from modeldeck.config.tables.gates import read_shared

    return read_shared(at_home(text))


def _at_home(key: Key, value: object) -> object:
    if key.kind is not PATH:
        return value
    from os.path import expanduser

    return expanduser(str(value))


def misspelt(environ: Mapping[str, str]) -> list[Problem]:
    """Warnings for variables that nobody reads, but that look as if they were meant for us."""
    known = [*CONTROL_VARIABLES, *(key.variable for key in KEYS if key.variable)]
    problems = [
        Problem(Severity.WARNING, f"environment variable {name}", "", "is not read", hint)
        for name in environ
        if name.startswith("MODELDECK_") and name not in known and (hint := meant(name, known, likeness=0.85))
    ]
    if environ.get("MLFLOW_REGISTRY_URI") and environ["MLFLOW_REGISTRY_URI"] != environ.get("MLFLOW_TRACKING_URI"):
        message = "a registry apart from the tracking server is not supported; the tracking server's own is shown"
        problems.append(Problem(Severity.WARNING, "environment variable MLFLOW_REGISTRY_URI", "mlflow.uri", message))
    return problems
