"""Drift as a table for people, and as data for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modeldeck.cli.output import lines, table
from modeldeck.domain.drift.comparison import Comparison
from modeldeck.domain.drift.findings import CountedWindow, DeploymentDrift, HistogramDrift
from modeldeck.domain.drift.noise import QUANTILE
from modeldeck.operations.common.text import iso

_HEAD = ("DEPLOYMENT", "HISTOGRAM", "", "VERDICT", "PSI", "NOISE", "KS", "JS", "W1/σ", "VALUES", "BASELINE", "AGAINST")


def drift_text(found: Sequence[DeploymentDrift]) -> str:
    """The table, and below it what is doubtful or not known, by histogram."""
    rows = [_cells(one.key, each) for one in found for each in one.histograms]
    without = [one.key for one in found if not one.histograms]
    parts = [table(_HEAD, rows)] if rows else []
    told = [f"{one.key} {each.histogram}: {message}" for one in found for each in one.histograms for message in _told(each.comparison)]
    if told:
        parts.append(lines("\n".join(told)))
    if without:
        parts.append(lines(f"no histogram is known of {', '.join(without)}: name some in the configuration (drift.histograms)"))
    return "\n\n".join(parts) if parts else "no deployments"


def _told(comparison: Comparison) -> list[str]:
    return [*([comparison.message] if comparison.message else []), *(warned.message for warned in comparison.warnings)]


def _cells(key: str, one: HistogramDrift) -> tuple[str, ...]:
    found = one.comparison.distances
    values = (found.psi, one.comparison.noise, found.ks, found.js, found.wasserstein) if found is not None else (None,) * 5
    figures = ("–" if value is None else f"{value:.3f}" for value in values)
    counted = ("–" if count is None else f"{count:,}" for count in (one.comparison.current, one.comparison.baseline))
    return (key, one.histogram, one.role, one.comparison.verdict, *figures, *counted, one.against)


def drift_json(one: DeploymentDrift) -> Mapping[str, Any]:
    return {"deployment": one.key, "baseline": str(one.baseline), "histograms": [_histogram_json(each) for each in one.histograms]}


def _histogram_json(one: HistogramDrift) -> Mapping[str, Any]:
    found, comparison = one.comparison.distances, one.comparison
    return {
        "histogram": one.histogram,
        "role": one.role.value,
        "verdict": comparison.verdict.value,
        "message": comparison.message or None,
        "psi": found.psi if found is not None else None,
        "noise": comparison.noise,
        "noise_quantile": QUANTILE,
        "ks": found.ks if found is not None else None,
        "js": found.js if found is not None else None,
        "wasserstein": found.wasserstein if found is not None else None,
        "values": comparison.current,
        "baseline_values": comparison.baseline,
        "bins": comparison.bins if found is not None else None,
        "against": one.against,
        "window": _window_json(one.current),
        "baseline_window": _window_json(one.baseline) if one.baseline is not None else None,
        "warnings": [{"kind": warned.doubt.value, "message": warned.message} for warned in comparison.warnings],
        "error": one.failure.code if one.failure is not None else None,
    }


def _window_json(window: CountedWindow) -> Mapping[str, Any]:
    return {"start": iso(window.start), "end": iso(window.end), "version": window.version, "query": window.query}
