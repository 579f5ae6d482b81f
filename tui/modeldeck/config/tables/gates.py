"""Gates from TOML: as tables of the configuration, or as files of their own with the same keys at the top.

    [environments.prod.gate]          or   gate = "gate.toml"
    [environments.prod.gates.iris]    what is different for one model

Switching a gate off is no setting: it needs a reason, each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modeldeck.config.document import Document
from modeldeck.config.keys import meant
from modeldeck.config.kinds import InvalidValue, named
from modeldeck.config.reading import at_home
from modeldeck.config.tables.gate_keys import CRITERION, GATE, NEEDED, Fit
from modeldeck.config.values import Problem, Severity
from modeldeck.domain.gates.settings import DEFAULT, Flaw, Gate, QueryCriterion, flaws, shorter

_NO_SWITCH = "a gate is skipped by `--gate none --reason TEXT` only, each time"


@dataclass(frozen=True, slots=True)
class KeyLocation:
    """Where a key stands: in short ("config.toml:12"), and in full."""

    origin: str
    where: str


@dataclass(frozen=True, slots=True)
class GateTable:
    """What one table sets, by fields of Gate; `rollback` likewise. A model's table is laid over its environment's."""

    place: KeyLocation
    values: Mapping[str, Any] = field(default_factory=dict)
    criteria: Mapping[str, QueryCriterion] = field(default_factory=dict)
    rollback: GateTable | None = None
    places: Mapping[str, KeyLocation] = field(default_factory=dict)
    """Of each key that is set; a criterion's is `criteria.NAME`."""

    def over(self, below: GateTable | None) -> GateTable:
        """This table's keys, else those of the one below. A criterion replaces the one of the same name."""
        if below is None:
            return self
        rollback = self.rollback.over(below.rollback) if self.rollback is not None else below.rollback
        return GateTable(
            self.place,
            {**below.values, **self.values},
            {**below.criteria, **self.criteria},
            rollback,
            {**below.places, **self.places},
        )

    def on(self, base: Gate) -> Gate:
        """The gate that has these keys, and for everything else those of `base`."""
        kept = {criterion.name: criterion for criterion in base.criteria}
        gate = replace(base, **self.values, criteria=tuple({**kept, **self.criteria}.values()))
        return replace(gate, rollback=self.rollback.on(shorter(gate))) if self.rollback is not None else gate

    @property
    def gate(self) -> Gate:
        return self.on(DEFAULT)

    def origins(self, prefix: str) -> Iterator[tuple[str, str]]:
        """(dotted key, where it came from) of each key that is set."""
        for key, place in self.places.items():
            yield f"{prefix}.{key}", place.origin
        if self.rollback is not None:
            yield from self.rollback.origins(f"{prefix}.rollback")

    def problems(self, prefix: str) -> list[Problem]:
        """Keys that do not work together, each at the place of the one that is to be changed."""
        gate = self.gate
        found = [self._problem(prefix, flaw) for flaw in flaws(gate)]
        if gate.rollback is not None and self.rollback is not None and gate.judges_something:
            found.extend(self.rollback._problem(f"{prefix}.rollback" if prefix else "rollback", flaw) for flaw in flaws(gate.rollback))
        return found

    def _problem(self, prefix: str, flaw: Flaw) -> Problem:
        place = self.places.get(flaw.key, self.place)
        return Problem(Severity.ERROR, place.where, ".".join(part for part in (prefix, flaw.key) if part), flaw.message)


@dataclass(frozen=True, slots=True)
class GateFile:
    """A gate file: the gate, or every problem why there is none. `places`: criterion's name → "gate.toml:12"."""

    path: Path
    gate: Gate | None
    problems: tuple[Problem, ...]
    places: Mapping[str, str] = field(default_factory=dict)


def read_gate_file(path: Path) -> GateFile:
    """Complete in itself: what it does not say is as by default, whatever the configuration says."""
    table, problems = read_shared(path)
    problems += table.problems("")
    broken = any(problem.severity is Severity.ERROR for problem in problems)
    places = {key.removeprefix("criteria."): place.where for key, place in table.places.items() if key.startswith("criteria.")}
    return GateFile(path, None if broken else table.gate, tuple(problems), places)


def read_shared(path: Path) -> tuple[GateTable, list[Problem]]:
    """A file's own table; keys that do not work together are not looked for yet."""
    document = Document(path)
    document.read(required=True)
    table = read_table(document, (), document.tables)
    return table, document.problems


def read_gate(document: Document, path: tuple[str, ...], value: object) -> GateTable | None:
    """The value of a `gate` key: a table, or a file beside the configuration. What is wrong is noted in the document."""
    if isinstance(value, dict):
        return read_table(document, path, value)
    if isinstance(value, str) and value.strip() and value.strip().lower() not in ("none", "off", "false"):
        table, problems = read_shared(document.path.parent / at_home(value))
        document.problems.extend(problems)
        return table
    found = repr(value) if isinstance(value, str) else named(value)
    document.error(path, f"expected a table or the path of a gate file, found {found}", _NO_SWITCH)
    return None


def read_gates(document: Document, path: tuple[str, ...], value: object) -> dict[str, GateTable]:
    """The value of a `gates` key: a gate each for some models."""
    if not isinstance(value, dict):
        document.error(path, f"expected a table for each model, such as [{'.'.join(path)}.iris], found {named(value)}")
        return {}
    tables = {model: read_gate(document, (*path, model), each) for model, each in value.items()}
    return {model: table for model, table in tables.items() if table is not None}


def read_table(document: Document, path: tuple[str, ...], table: Mapping[str, object], *, within: str = "") -> GateTable:
    """`within`: "rollback" inside of such a table, where no other may be."""
    values: dict[str, object] = {}
    places: dict[str, KeyLocation] = {}
    criteria: dict[str, QueryCriterion] = {}
    rollback = None
    for name, value in table.items():
        here = (*path, name)
        if name == "criteria":
            for criterion, place in _criteria(document, here, value):
                if criterion.name in criteria:
                    document.error(place, f"expected each name once, found {criterion.name!r} again")
                criteria[criterion.name] = criterion
                places[f"criteria.{criterion.name}"] = _place(document, place)
        elif name == "rollback" and not within:
            if isinstance(value, dict):
                rollback = read_table(document, here, value, within=name)
            else:
                document.error(here, f"expected a table, found {named(value)}")
        elif name in GATE:
            if (fit := _fit(document, here, value, GATE[name])) is not None:
                values[name], places[name] = fit[0], _place(document, here)
        else:
            _unknown(document, here, [*GATE, "criteria", *(() if within else ("rollback",))])
    return GateTable(_place(document, path), values, criteria, rollback, places)


def _place(document: Document, path: tuple[str, ...]) -> KeyLocation:
    setting = document.setting(path, None)
    return KeyLocation(setting.origin, setting.place)


def _fit(document: Document, path: tuple[str, ...], value: object, fit: Fit) -> tuple[object] | None:
    try:
        return (fit(value),)
    except InvalidValue as unfit:
        document.error(path, str(unfit))
        return None


def _unknown(document: Document, path: tuple[str, ...], known: list[str]) -> None:
    name = path[-1]
    hint = meant(name, known)
    if not hint and name in ("gate", "gates", "environments"):
        hint = "the keys of a gate file stand at its top"
    document.error(path, "unknown key", hint)


def _criteria(document: Document, path: tuple[str, ...], value: object) -> Iterator[tuple[QueryCriterion, tuple[str, ...]]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        document.error(path, f"expected tables such as [[{'.'.join(path)}]], found {named(value)}")
        return
    for index, table in enumerate(value):
        here = (*path, str(index))
        fields: dict[str, Any] = {}
        for name, each in table.items():
            if name not in CRITERION:
                _unknown(document, (*here, name), list(CRITERION))
            elif (fit := _fit(document, (*here, name), each, CRITERION[name])) is not None:
                fields[name] = fit[0]
        for name in NEEDED:
            if name not in table:
                document.error(here, f"expected the key {name}, found none")
        if all(name in fields for name in NEEDED):
            yield QueryCriterion(**fields), here
