from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates import Gate, Op, QueryCriterion
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.render import plan as render
from modeldeck.render.cell import Line, line_text
from tests.support import operations as ops
from tests.support import sample
from tests.support.plans import with_target

POINTERS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)
)


def text(lines: tuple[Line, ...]) -> list[str]:
    return [line_text(line) for line in lines]


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("/spec/template/spec/containers/0/env/12/value", "template.spec.containers[0].env[12].value"),
        ("/spec/template/metadata/annotations/modeldeck.dev~1model", "template.metadata.annotations[modeldeck.dev/model]"),
        ("/metadata/annotations/a~0b", "metadata.annotations[a~b]"),
        ("/spec/replicas", "replicas"),
    ],
)
def test_places_read_as_paths(pointer: str, path: str) -> None:
    assert render.path_of(pointer) == path


@given(POINTERS)
def test_any_place_has_a_path_that_holds_its_parts(pointer: str) -> None:
    path = render.path_of(pointer)
    for part in pointer.removeprefix("/spec/").removeprefix("/").split("/"):
        assert part.replace("~1", "/").replace("~0", "~") in path


@given(
    st.lists(
        st.builds(Check, st.text(min_size=1, max_size=8), st.sampled_from(Verdict), st.text(max_size=8), st.text(max_size=8)), max_size=12
    )
)
def test_checks_stand_in_the_order_of_their_weight_and_none_is_lost(checks: list[Check]) -> None:
    lines = render.checks(checks, compact=False).lines
    signs = [line[1].text for line in lines if len(line) > 3]
    assert len(signs) == len(checks)
    order = ["✘", "!", "?", "✔"]
    assert signs == sorted(signs, key=order.index)
    compact = text(render.checks(checks, compact=True).lines)
    for check in checks:
        assert any(check.name in line for line in compact)


def test_what_does_not_change_is_not_shown() -> None:
    plan = with_target(ops.PLAN, slot_edits={"/spec/a": ("x", "x"), "/spec/b": (None, "y"), "/spec/c": ("z", None)})
    assert text(render.diff(plan)[0].lines) == [" + b: y", " - c: z"]


def test_a_document_in_the_diff_is_cut() -> None:
    plan = with_target(ops.PLAN, slot_edits={"/metadata/annotations/x": ("a" * 999, "b" * 999)})
    assert all(len(line) < 200 for line in text(render.diff(plan)[0].lines))


def test_the_summary_says_the_worst() -> None:
    assert line_text(render.summary(ops.REFUSED)) == "✘ refused: version, lock"
    assert line_text(render.summary(replace(ops.PLAN, steps=()))) == "– already there: nothing would change"
    assert line_text(render.summary(ops.PLAN)) == "! 1 warning, and nothing that refuses"
    assert line_text(render.summary(replace(ops.PLAN, checks=()))) == "✔ ready to apply"


def test_a_gate_in_words() -> None:
    own = QueryCriterion("queue", "max(queue_length)", Op.BELOW, 10.0)
    gate = Gate(max_p99=0.2, max_drift=0.25, criteria=(own,), passes_in_a_row=1)
    lines = text(render.gate(with_target(ops.PLAN, gate=gate)).lines)
    for message in (
        "p99 ≤ 200 ms",
        "drift of the predictions ≤ 0.25 PSI",
        "queue < 10: max(queue_length)",
        "of your own queries 1 × PASS in a row lets it in",
    ):
        assert any(message in line for line in lines)


def test_deployments_with_gates_of_their_own_are_told_one_by_one() -> None:
    staging, iris = (replace(target, gate=Gate(max_p99=bound)) for target, bound in zip(ops.STAGED.targets, (0.5, 0.2), strict=True))
    several = replace(ops.STAGED, targets=(staging, iris))
    told = [line.strip() for line in text(render.gate(several).lines)]
    first, second = told.index("serving/iris-staging"), told.index("serving/iris")
    assert first < told.index("● p99 ≤ 500 ms") < second < told.index("● p99 ≤ 200 ms")
    alike = replace(several, targets=(replace(staging, gate=iris.gate), iris))
    assert text(render.gate(alike).lines) == text(render.gate(replace(several, targets=(iris,))).lines)


def test_a_deployment_without_a_gate_says_its_own_reason() -> None:
    checks = (
        Check(CheckName.GATE, Verdict.OK, "3 criteria can be judged", deployments=("serving/iris-staging",)),
        Check(CheckName.GATE, Verdict.WARN, "no pod is changed: nothing to judge", deployments=("serving/iris",)),
    )
    staging, iris = ops.STAGED.targets
    without = replace(iris, gate=None)
    several = replace(ops.STAGED, targets=(replace(staging, gate=Gate(max_p99=0.5)), without), checks=checks)
    assert text(render.gate(several).lines)[-2:] == ["serving/iris", " – no pod is changed: nothing to judge"]
    neither = replace(several, targets=(replace(staging, gate=None), without))
    assert text(render.gate(neither).lines) == [
        "serving/iris-staging",
        " – 3 criteria can be judged",
        "serving/iris",
        " – no pod is changed: nothing to judge",
    ]


def test_no_gate_says_why_there_is_none() -> None:
    checks = (Check(CheckName.GATE, Verdict.WARN, "no gate, as asked: urgent"),)
    assert text(render.gate(with_target(replace(ops.PLAN, checks=checks), gate=None)).lines) == [" – no gate, as asked: urgent"]


def test_the_head_says_what_is_known_before_there_is_a_plan() -> None:
    head = text(render.head(ops.INTENT, None, replace(sample.ENVIRONMENT, protected=True)))
    assert head == ["promote iris  ? → v9  on serving/iris  in prod  protected", "◌ planning", "reason better recall on setosa"]


WISH = replace(ops.INTENT, deployment="iris-staging", then=("serving/iris",))


def test_the_head_goes_from_deployment_to_deployment() -> None:
    ahead = replace(ops.STAGED, targets=(replace(ops.STAGED.targets[0], from_version="8"), ops.TARGET))
    first = text(render.head(WISH, ops.STAGED, sample.ENVIRONMENT))[0]
    assert first == "promote iris  v7 → v9  on serving/iris-staging, then serving/iris  in prod"
    assert text(render.head(WISH, ahead, sample.ENVIRONMENT))[:2] == [
        "promote iris  v8 → v9  on serving/iris-staging",
        "  then v7 → v9  on serving/iris  in prod",
    ]


@pytest.mark.parametrize(("copied", "message"), [("models:/iris/9", "copied to"), (None, "as")])
def test_the_head_says_under_which_name_it_goes_on(copied: str | None, message: str) -> None:
    plan = with_target(ops.STAGED, model="prod.iris", from_version="4", to_version="5", copied_from=copied)
    assert text(render.head(replace(WISH, copy_to="prod.iris"), plan, sample.ENVIRONMENT))[:2] == [
        "promote iris  v7 → v9  on serving/iris-staging",
        f"  then {message} prod.iris  v4 → v5  on serving/iris  in prod",
    ]


def test_the_head_says_where_it_is_wanted_before_there_is_a_plan() -> None:
    wish = replace(WISH, then=("serving/iris", "serving/iris-eu"), copy_to="prod.iris")
    first = text(render.head(wish, None, sample.ENVIRONMENT))[0]
    assert first == (
        "promote iris  ? → v9  on serving/iris-staging, then serving/iris, then serving/iris-eu, copied to prod.iris on the way  in prod"
    )


def test_changes_stand_in_the_order_in_which_they_are_made() -> None:
    assert [section.title for section in render.diff(ops.STAGED)] == ["Changes on serving/iris-staging", "Changes on serving/iris"]
