"""What pods state about the version that they serve, and which of these statements mean the registered version.

What a server calls its version is rarely the registry's: Triton names a folder (`1`), TorchServe says `default`, MLServer `None`,
BentoML a tag of its own, a service the version of its package. Only two kinds are known to mean the registered version:
`model_info{model, version}` with the registered model's name and a whole number, as our own model servers export it, and what the
configuration names (`links.versions`). Everything else is shown, and held against nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.samples import Vector

OURS = ("model_info", "version")
MODEL_LABELS = ("model", "model_name")
_REGISTERED = re.compile(r"[vV]?([0-9]+)")

Metric = tuple[str, str]
"""A metric and the label that holds the version."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One pod's: `registered` are (model or None where it names none, registered version), `called` is what the server says otherwise."""

    registered: tuple[tuple[str | None, str], ...] = ()
    called: tuple[str, ...] = ()

    def version(self, model: str | None) -> str | None:
        """The registered version of `model` (None: of whatever it serves); None where it states none, or several."""
        found = {version for own, version in self.registered if own is None or model is None or own == model}
        return found.pop() if len(found) == 1 else None

    def other_words(self, model: str | None) -> tuple[str, ...]:
        """What it says that is no version of `model`."""
        others = (f"{own} {version}" for own, version in self.registered if own is not None and model is not None and own != model)
        return tuple(dict.fromkeys((*others, *self.called)))


@dataclass(slots=True)
class _Heard:
    registered: set[tuple[str | None, str]] = field(default_factory=set)
    called: set[str] = field(default_factory=set)


def known_metrics(metric_names: Collection[str], patterns: LinkPatterns) -> tuple[Metric, ...]:
    """Those that may mean the registered version: ours where it is scraped, and whatever the configuration names."""
    configured = dict(patterns.versions)
    ours = (OURS,) if OURS[0] in metric_names else ()
    return tuple(dict((*ours, *configured.items())).items())


def registered_version(metric: str, label: str, labels: Mapping[str, str], patterns: LinkPatterns) -> tuple[str | None, str] | None:
    """(model, version) of one series, where it is known to mean the registered version."""
    model = next((labels[name] for name in MODEL_LABELS if labels.get(name)), None)
    version = _REGISTERED.fullmatch(labels.get(label, ""))
    if version is None or (model is None and metric not in dict(patterns.versions)):
        return None
    return model, version[1]


def statement_key(metric: str) -> str:
    """Under which name `queries.bulk_queries` asks for a metric of `known_metrics`."""
    return f"stated {metric}"


def statements(
    vectors: Mapping[str, Vector], others: Metric | None, patterns: LinkPatterns, pod_of: Callable[[Mapping[str, str]], str | None]
) -> dict[str, Statement]:
    """Pod → its statement, from answers under `statement_key`. `others`: the metric behind `versions`, which names what servers call it."""
    heard: dict[str, _Heard] = {}
    for metric, label in dict((OURS, *patterns.versions)).items():
        for labels in _stated(vectors.get(statement_key(metric))):
            told = registered_version(metric, label, labels, patterns)
            pod, text = pod_of(labels), labels.get(label, "")
            if pod is not None and told is not None:
                heard.setdefault(pod, _Heard()).registered.add(told)
            elif pod is not None and text:
                heard.setdefault(pod, _Heard()).called.add(text)
    for labels in _stated(vectors.get("versions")) if others is not None else ():
        pod, text = pod_of(labels), labels.get(others[1], "") if others is not None else ""
        if pod is not None and text:
            heard.setdefault(pod, _Heard()).called.add(text)
    return {pod: Statement(tuple(sorted(one.registered, key=str)), tuple(sorted(one.called))) for pod, one in heard.items()}


def _stated(vector: Vector | None) -> Iterator[Mapping[str, str]]:
    return (sample.labels for sample in (vector.samples if vector is not None else ()) if sample.value != 0)
