"""A gate in one line, for plans."""

from __future__ import annotations

from modeldeck.domain.gates.formatting import bound_words
from modeldeck.domain.gates.settings import Gate, Op


def gate_words(gate: Gate) -> str:
    """ "error ratio ≤ 10 %, errors ≤ 2 × before, p99 ≤ 1.5 × before; 60 s of warm-up, at most 1800 s"."""
    said = []
    if gate.max_error_ratio is not None:
        said.append(f"error ratio {bound_words(Op.AT_MOST, gate.max_error_ratio, 'ratio')}")
    if gate.max_error_rise is not None:
        said.append(f"errors ≤ {gate.max_error_rise:g} × before")
    if gate.max_p99 is not None:
        said.append(f"p99 {bound_words(Op.AT_MOST, gate.max_p99, 's')}")
    if gate.max_p99_ratio is not None:
        said.append(f"p99 ≤ {gate.max_p99_ratio:g} × before")
    if gate.max_drift is not None:
        said.append(f"drift ≤ {gate.max_drift:g} PSI")
    said += [f"{criterion.name} {bound_words(criterion.op, criterion.bound, criterion.unit)}" for criterion in gate.criteria]
    return f"{', '.join(said)}; {gate.warm_up:.0f} s of warm-up, at most {gate.timeout:.0f} s"
