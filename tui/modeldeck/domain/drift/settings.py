"""What drift is looked for in, and against what: settings of a deployment, all durations in seconds."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}
SHORTEST, LONGEST = 60.0, 90 * 86400.0
"""Of a window."""


class BaselineKind(StrEnum):
    TRAINING = "training"
    """What was logged with the run that the version came from."""
    PREVIOUS = "previous"
    """The version before, in the same window before the change."""
    PAST = "past"
    """The time before the window, whatever served then."""


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    kind: BaselineKind
    seconds: float = 0.0
    """Of the past."""

    def __str__(self) -> str:
        if self.kind is not BaselineKind.PAST:
            return self.kind.value
        unit = next(unit for unit in ("d", "h", "m") if self.seconds % _UNITS[unit] == 0)
        return f"{self.seconds / _UNITS[unit]:g}{unit}"


def baseline_of(text: str) -> BaselineChoice:
    """Of `training`, `previous`, or a span such as `7d`, `12h`, `30m`. Raises ValueError."""
    if text in (BaselineKind.TRAINING, BaselineKind.PREVIOUS):
        return BaselineChoice(BaselineKind(text))
    match = re.fullmatch(r"(\d{1,6})([mhd])", text)
    seconds = int(match[1]) * _UNITS[match[2]] if match is not None else 0.0
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(f'expected "training", "previous", or a span from 1m to 90d such as "7d", found {text!r}')
    return BaselineChoice(BaselineKind.PAST, seconds)


@dataclass(frozen=True, slots=True)
class DriftSettings:
    baseline: BaselineChoice = BaselineChoice(BaselineKind.PREVIOUS)
    window: float = 3600.0
    histograms: tuple[str, ...] = ()
    """Of inputs, without `_bucket`, beside the predictions that the server's profile knows."""


@dataclass(frozen=True, slots=True)
class DriftRules:
    """Pattern of deployments (`serving/*`) → what is different for them, later ones over earlier ones."""

    rules: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def of(self, key: str) -> DriftSettings:
        found = DriftSettings()
        for pattern, values in self.rules:
            if fnmatch.fnmatchcase(key, pattern):
                found = replace(found, **values)
        return found
