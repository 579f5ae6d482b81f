"""Judging a gate on live metrics. The rules are tui/modeldeck/domain/gates; this asks Prometheus and never raises a Failure.

    GateTarget                  whose pods: ReplicaSet names of the new version and of the one being replaced
    todays_target(…)            a deployment as it serves now: for forecasts and trials
    await judge(gate, target, metrics, now=…, elapsed=…, baseline=…)  → Judgement
    Baseline                    what the judgements of one gate keep of the version being replaced, so that it is asked once
    await forecast(gate, target, metrics, now=…)          → the plan's Check: will there be enough to judge by?
    judgement_json(judgement)   the contract's `gate`: {verdict, criteria[] {name, query, value, bound, verdict, requests, …}}

A gate, from its beginning to its decision, with a clock that never jumps:

    started, judgements, baseline = monotonic(), [], Baseline()
    while (decision := decide(gate, judgements, started, monotonic(), extended=…)) is Decision.CONTINUE:
        judgements.append(await judge(gate, target, metrics, now=time(), elapsed=monotonic() - started, baseline=baseline))
        await sleep(gate.interval)

`judgement_to_json` and `judgement_from_json` (domain/gates) are what a journal keeps. Who resumes a gate in another process goes on
from the newest `elapsed` that it finds there.
"""

from modeldeck.operations.common.serialization import judgement_json
from modeldeck.operations.gate.before import Baseline
from modeldeck.operations.gate.forecasting import forecast
from modeldeck.operations.gate.judging import judge
from modeldeck.operations.gate.target import GateTarget
from modeldeck.operations.gate.today import todays_target

__all__ = ["Baseline", "GateTarget", "forecast", "judge", "judgement_json", "todays_target"]
