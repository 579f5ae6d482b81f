"""What a gate can be expected to say, told before anything is changed: whether there is enough to judge by, and how soon."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.gates.formatting import span
from modeldeck.domain.gates.judgement import CriterionResult, GateVerdict, Trouble, judgement
from modeldeck.domain.gates.outlook import TIMES_AS_SLOW, collapse_seen, sight_words, sights, slowness_seen
from modeldeck.domain.gates.settings import Gate
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.gate.judging import Look, examine
from modeldeck.operations.gate.target import GateTarget
from modeldeck.ports import Metrics

_HINTS = {
    Trouble.NO_METRIC: "see that the pods are scraped, or switch off in the gate's settings what they do not export",
    Trouble.NO_DATA: "send it requests, or be there when the gate holds: it then waits for a person",
    Trouble.FEW_REQUESTS: "send it more requests, lower min_requests, or be there when the gate holds: it then waits for a person",
    Trouble.COARSE: "give the histogram finer buckets, or switch off in the gate's settings what they do not tell",
    Trouble.PARTIAL: "see that every part behind Prometheus answers",
    Trouble.SEVERAL_SERIES: "correct the query: `modeldeck gate check FILE --deployment NS/NAME` shows what it answers",
    Trouble.REJECTED: "correct the query: `modeldeck gate check FILE --deployment NS/NAME` shows what is wrong",
}
_MORE = "send it more requests, give the gate more time or wider margins, or be there when it holds: it then waits for a person"


async def forecast(gate: Gate, target: GateTarget, metrics: Metrics | None, *, now: float) -> Check:
    """The gate judged on the pods that serve now, compared with themselves: what cannot be known of them will hardly be known of their
    successors. `target.current` are today's ReplicaSets. Never raises a Failure. Asks three questions in a row at
    most (by which labels, twice, and then for figures), each with `asking.PATIENCE`: who has less time puts an end to it."""
    today = replace(target, baseline=target.current, baseline_until=now)
    return forecast_of(gate, await examine(gate, today, metrics, now=now))


def forecast_of(gate: Gate, today: Look) -> Check:
    """REFUSE where a query is wrong, UNKNOWN where Prometheus is away, WARN where the gate would not pass as things are, else OK with
    what it can see."""
    results = judgement(today.results, at=0.0, elapsed=0.0).criteria
    troubled = [result for result in results if result.trouble not in (None, Trouble.UNDECIDED)]
    away = next((result for result in troubled if result.trouble is Trouble.UNREACHABLE), None)
    if away is not None:
        message = f"{sanitize(away.message, limit=400)}: whether the gate can be judged is not known"
        return Check(CheckName.GATE, Verdict.UNKNOWN, message, "it holds for a person where Prometheus stays away")
    wrong = [result for result in troubled if result.trouble in (Trouble.SEVERAL_SERIES, Trouble.REJECTED)]
    if wrong:
        hints = dict.fromkeys(_HINTS[result.trouble] for result in wrong if result.trouble is not None)
        return Check(CheckName.GATE, Verdict.REFUSE, f"it could never be judged: {_listed(wrong)}", "; ".join(hints))
    if troubled:
        kind = GateVerdict.ERROR if any(r.verdict is GateVerdict.ERROR for r in troubled) else GateVerdict.INSUFFICIENT
        message = f"it will end {kind.name} as things are: {_listed(troubled)}"
        hints = dict.fromkeys(_HINTS[result.trouble] for result in troubled if result.trouble in _HINTS)
        return Check(CheckName.GATE, Verdict.WARN, message, "; ".join(hints))
    failing = [result for result in results if result.verdict is GateVerdict.FAIL]
    if failing:
        return Check(CheckName.GATE, Verdict.WARN, f"the version that serves now fails it: {_listed(failing)}", "are its bounds right?")
    return _sight(gate, today)


def _sight(gate: Gate, today: Look) -> Check:
    """What it can tell of such traffic, and how soon."""
    if not gate.tested or not today.new.requests.value:
        return Check(CheckName.GATE, Verdict.OK, f"{len(today.results)} criteria can be judged")
    found = sights(gate, today.new, today.new.seconds)
    message = sight_words(found, today.new.requests.value / today.new.seconds, _collapse(gate, today))
    late = [sight.change for sight in found if sight.seconds is None]
    if late:
        return Check(CheckName.GATE, Verdict.WARN, f"{message}; within its {span(gate.timeout)} it cannot tell {' or '.join(late)}", _MORE)
    return Check(CheckName.GATE, Verdict.OK, message)


def _collapse(gate: Gate, today: Look) -> str:
    """Only where it takes longer than the two looks that one would expect, for want of requests."""
    said: dict[str, list[str]] = {}
    if today.new.failed.value is not None and not gate.max_error_ratio is gate.max_error_rise is None:
        late = _late(gate, collapse_seen(gate, today.new, today.new.seconds))
        said.setdefault(late, []).append("half of them failing")
    if today.new.latency.value is not None and not gate.max_p99 is gate.max_p99_ratio is None:
        late = _late(gate, slowness_seen(gate, today.new, today.new.seconds))
        said.setdefault(late, []).append(f"{TIMES_AS_SLOW:g} × as slow")
    return "".join(f"; {' or '.join(what)} it {late}" for late, what in said.items() if late)


def _late(gate: Gate, seconds: float | None) -> str:
    if seconds is None:
        return "would leave to a person"
    looks = round((seconds - gate.warm_up) / gate.interval)
    return f"undoes for sure only after {looks} looks ({span(seconds)})" if looks > 2 else ""


def _listed(results: list[CriterionResult]) -> str:
    """Several criteria often say the same."""
    said: dict[str, list[str]] = {}
    for result in results:
        said.setdefault(sanitize(result.message, limit=400), []).append(result.name)
    return "; ".join(f"{', '.join(names)}: {message}" for message, names in said.items())
