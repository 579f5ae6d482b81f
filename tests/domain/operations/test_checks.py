"""Which of a plan's Deployments a check is about."""

from __future__ import annotations

from modeldeck.domain.operations.checks import Check, CheckName, Verdict


def test_one_of_the_whole_is_about_each_deployment() -> None:
    whole = Check(CheckName.ENVIRONMENT, Verdict.OK, "prod may be changed")
    assert whole.is_about("serving/iris")
    assert whole.text == "prod may be changed"


def test_one_of_some_names_them() -> None:
    some = Check(CheckName.ROLLOUT, Verdict.WARN, "it is paused", deployments=("serving/staging", "serving/eu"))
    assert [some.is_about(key) for key in ("serving/staging", "serving/eu", "serving/iris")] == [True, True, False]
    assert some.text == "serving/staging, serving/eu: it is paused"
