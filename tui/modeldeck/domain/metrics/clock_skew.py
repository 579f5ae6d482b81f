"""Whether Prometheus' clock and ours tell the same time: its samples carry its own, and windows end at ours."""

from __future__ import annotations

from collections.abc import Iterable

from modeldeck.domain.metrics.samples import Vector

TOLERATED = 90.0
"""Seconds. VictoriaMetrics answers what was half a minute before; a slow answer is late by some more."""


def skew(answers: Iterable[Vector], begun: float, ended: float) -> float | None:
    """Seconds by which its clock is ahead of ours, behind where negative; None: not known. Of instant answers that were asked for between
    `begun` and `ended` by our clock, without a time: their samples have that of the server. The smallest difference counts, as some were
    evaluated earlier than others."""
    found = [_beyond(sample.at, begun, ended) for answer in answers for sample in answer.samples[:1]]
    return min(found, key=abs, default=None)


def _beyond(at: float, begun: float, ended: float) -> float:
    return at - ended if at > ended else min(0.0, at - begun)


def told(ahead: float | None) -> str:
    """In words, "" where it is nothing to speak of."""
    if ahead is None or abs(ahead) <= TOLERATED:
        return ""
    return f"its clock is {_length(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this machine's"


def _length(seconds: float) -> str:
    for name, size in (("d", 86400), ("h", 3600)):
        if seconds >= 1.9 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds / 60:.0f} min"
