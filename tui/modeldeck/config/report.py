"""`modeldeck config show`: what is in force and where each setting came from. Secrets are masked, whatever form they have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, fields

from modeldeck.config.kinds import shown as address
from modeldeck.config.values import ResolvedConfig
from modeldeck.domain.environments import Environment, Secret
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.series_scope import SeriesScope

MASK = "********"
_TABLES = {"mlflow": "mlflow", "kubernetes": "cluster", "prometheus": "prometheus", "alertmanager": "alertmanager"}
_SETTINGS = ("read_only", "protected", "theme", "refresh", "champion", "journal", "alerts", "dashboards")


def show(resolved: ResolvedConfig, name: str = "") -> dict[str, object]:
    """Ready for JSON. `name` "" shows every environment; secrets are known only of the current one, others show where theirs comes from."""
    chosen = [each for each in resolved.environments if name in ("", each.name)]
    return {
        "schema": 1,
        "config_path": str(resolved.config_path),
        "current": resolved.current,
        "environments": {each.name: _shown(each) for each in chosen},
        "warnings": [str(warning) for warning in resolved.warnings],
    }


def _shown(environment: Environment) -> dict[str, object]:
    shown: dict[str, object] = {key: getattr(environment, key) for key in _SETTINGS}
    shown["dashboards"] = list(environment.dashboards)
    for table, attribute in _TABLES.items():
        shown[table] = _table(table, getattr(environment, attribute), environment.origins)
    shown["links"] = _links(environment.patterns)
    shown["gate"], shown["gates"] = _gates(environment)
    shown["drift"] = _drift(environment)
    shown["profiles"] = [one.name for one in environment.prometheus.scope.profiles] if environment.prometheus is not None else []
    shown["silence"] = False if environment.silence is None else list(environment.silence) or True
    shown["objectives"] = {key: asdict(one) for key, one in environment.objectives}
    shown["origins"] = dict(environment.origins)
    return shown


def _table(table: str, target: object, origins: Mapping[str, str]) -> dict[str, object] | None:
    if target is None:
        return None
    shown: dict[str, object] = {}
    for each in fields(target):  # type: ignore[arg-type]  # one of the four targets, each a dataclass
        value = getattr(target, each.name)
        if each.name in ("password", "token"):
            value = MASK if isinstance(value, Secret) or f"{table}.{each.name}" in origins else None
        elif each.name == "headers":
            value = dict.fromkeys(value, MASK)
        elif each.name in ("uri", "url"):
            value = address(str(value))
        elif isinstance(value, SeriesScope):
            shown["labels"] = {name: label for name in ("pod", "namespace", "instance") if (label := getattr(value, name))}
            shown["matchers"] = list(value.matchers)
            continue
        elif isinstance(value, tuple):
            value = list(value)
        shown[each.name] = value
    return shown


def _links(patterns: LinkPatterns) -> dict[str, object]:
    return {
        "images": list(patterns.images),
        "labels": dict(patterns.labels),
        "deployments": dict(patterns.deployments),
        "versions": dict(patterns.versions),
    }


def _gates(environment: Environment) -> tuple[object, dict[str, object]]:
    """The environment's gate (None: the default one), and those of single models, whole."""
    if environment.gate is None and not environment.gates:
        return None, {}
    from modeldeck.domain.gates.shape import gate_to_json

    gate = gate_to_json(environment.gate) if environment.gate is not None else None
    return gate, {model: gate_to_json(each) for model, each in environment.gates.items()}


def _drift(environment: Environment) -> dict[str, object]:
    """Pattern of deployments → what is set for them."""
    rules = environment.drift.rules if environment.drift is not None else ()
    return {
        pattern: {
            name: list(value) if isinstance(value, tuple) else value if isinstance(value, float) else str(value)
            for name, value in values.items()
        }
        for pattern, values in rules
    }


def show_text(resolved: ResolvedConfig, name: str = "") -> str:
    """The same for people: one line a setting that is set, with its origin."""
    lines = [f"file: {resolved.config_path}{'' if os.path.exists(resolved.config_path) else ' (not there)'}"]
    for environment in resolved.environments:
        if name in ("", environment.name):
            lines.append("")
            lines.extend(_text(environment, current=environment.name == resolved.current))
    return "\n".join(lines)


def _text(environment: Environment, *, current: bool) -> list[str]:
    shown = _shown(environment)
    flat: dict[str, object] = {key: shown[key] for key in _SETTINGS}
    for table in (*_TABLES, "links"):
        below = shown[table]
        flat.update({f"{table}.{key}": value for key, value in below.items()} if isinstance(below, dict) else {table: "not configured"})
    flat["silence"] = shown["silence"]
    flat["profiles"], flat["drift"], flat["objectives"] = shown["profiles"], shown["drift"], [key for key, _ in environment.objectives]
    flat = {key: value for key, value in flat.items() if value not in ("", None, [], {}, ())}
    flat.update(_set_in_gates(environment, shown))
    width = max(len(key) for key in flat)
    lines = [f"{environment.name}{' (current)' if current else ''}"]
    for key, value in flat.items():
        origin = environment.origins.get(key, "" if value == "not configured" else "built in")
        lines.append(f"  {key:<{width}}  {_words(value)}{f'  ({origin})' if origin else ''}")
    return lines


def _set_in_gates(environment: Environment, shown: Mapping[str, object]) -> dict[str, object]:
    """What the configuration sets of its gates, key by key; the rest is as by default."""
    found: dict[str, object] = {}
    for key in environment.origins:
        table, _, rest = key.partition(".")
        if table in ("gate", "gates") and rest:
            found[key] = _in_gate(shown[table], rest)
    return found


def _in_gate(body: object, dotted: str) -> object:
    """The value of `rollback.window` or `criteria.NAME` in a gate's JSON; in that of all models, behind the model's name."""
    if not isinstance(body, dict):
        return None
    if dotted.startswith("criteria.") and isinstance(body.get("criteria"), list):
        name = dotted.removeprefix("criteria.")
        found = next(each for each in body["criteria"] if each["name"] == name)
        return f"{found['op']} {found['bound']:g}{' ' if found['unit'] else ''}{found['unit']}: {' '.join(found['query'].split())}"
    if dotted in body:
        return "off" if body[dotted] is None else body[dotted]
    head = next(key for key in sorted(body, key=len, reverse=True) if dotted.startswith(f"{key}."))
    return _in_gate(body[head], dotted.removeprefix(f"{head}."))


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
