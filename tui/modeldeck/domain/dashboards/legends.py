"""The name of a series as a panel writes it: `{{pod}} of $model`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace

from modeldeck.domain.dashboards.interpolation import Unresolved, Value, interpolated

_LABEL = re.compile(r"\{\{\s*([\w.:-]+)\s*\}\}")
LONGEST = 60


def text_of(text: str, values: Mapping[str, Value]) -> str:
    """A title or legend for people: values as they are, and what is not known as it stands there."""
    raw = {name: replace(one, variable=replace(one.variable, multi=False, include_all=False)) for name, one in values.items() if one.chosen}
    with contextlib.suppress(Unresolved):
        return interpolated(text, raw)
    return text


def series_name(legend: str, labels: Mapping[str, str], promql: str, values: Mapping[str, Value]) -> str:
    """Without a legend of the panel's own its labels, or the query where it has none."""
    if legend and legend != "__auto":
        name = _LABEL.sub(lambda found: labels.get(found[1], ""), text_of(legend, values))
    else:
        inner = ", ".join(f"{key}={text}" for key, text in sorted(labels.items()) if key != "__name__")
        name = " ".join(filter(None, (labels.get("__name__", ""), inner))) or " ".join(promql.split())
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
