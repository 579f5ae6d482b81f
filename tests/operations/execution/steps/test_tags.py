"""What a version's tags say of the gate that let it in."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.gates import CriterionResult, GateVerdict, Judgement
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.execution.steps.tags import _gate_words
from modeldeck.operations.planning.plan_inputs import registry_or_none
from tests.operations.conftest import Bench

PASSED = (
    CriterionResult("error ratio", GateVerdict.PASS, value=0.002, unit="ratio", bound="≤ 5 %"),
    CriterionResult("own", GateVerdict.PASS),
)
LAST = Judgement(3.0, 3.0, GateVerdict.PASS, PASSED, requests=240)
EARLIER = Judgement(1.0, 1.0, GateVerdict.INSUFFICIENT)
GATE = Step(StepName.JUDGE_GATE, "", "", message="passed", judgements=(EARLIER, EARLIER, LAST))


def test_the_last_judgement_is_told_with_its_figures() -> None:
    assert _gate_words(GATE) == "gate PASS, passed: error ratio 0.2 % ≤ 5 %, own –, over 240 requests"
    assert _gate_words(replace(GATE, judgements=(EARLIER,), message="")) == "gate INSUFFICIENT"
    assert _gate_words(replace(GATE, judgements=(replace(EARLIER, requests=0),))) == "gate INSUFFICIENT, passed: over 0 requests"
    assert _gate_words(replace(GATE, judgements=())) == _gate_words(None) == "no gate"


async def test_a_registry_that_is_away_is_none(bench: Bench) -> None:
    assert await registry_or_none(bench.fake.clients) is not None
    bench.fake.traps.fail("registry", Unreachable("refused"), times=9)
    assert await registry_or_none(bench.fake.clients) is None
    assert await registry_or_none(replace(bench.fake.clients, registry=None)) is None
