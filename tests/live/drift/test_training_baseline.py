"""From what a deployment serves to what was logged with its run."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.drift.training import FILE
from modeldeck.domain.failures import NotFound, TooLarge, Unreachable
from modeldeck.domain.links.links import LinkSource, ServingLink, Slot
from modeldeck.live.drift.training_baseline import TrainingBaseline, training_baseline
from tests.support.fakes.registry import FakeRegistry
from tests.support.fakes.traps import Traps

LINK = ServingLink("iris", "2", None, None, LinkSource.ENV_URI, Slot("/spec", "models:/iris/2"), "server")
GOOD = b'{"histograms": {"age": {"le": [1, "+Inf"], "counts": [3, 4]}}}'
RUN = f"{2:032x}"


class Files:
    """ports.Tracking, as far as files go."""

    def __init__(self, answer: bytes | Exception = GOOD) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    async def artifact(self, run_id: str, path: str, *, most: int) -> bytes:
        self.asked.append((run_id, path))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def read(files: Files, link: ServingLink | None = LINK) -> TrainingBaseline:
    registry = FakeRegistry(Traps())
    registry.add("iris", "1", "2")
    registry.aliases["iris"]["champion"] = "1"
    tracking: Any = files
    return await training_baseline(link, registry, tracking)


async def test_the_run_of_the_version_that_serves() -> None:
    files = Files()
    found = await read(files)
    assert found == TrainingBaseline("training of iris 2", {"age": ((1.0, 3.0), (math.inf, 7.0))})
    assert files.asked == [(RUN, FILE)]


async def test_an_alias_is_what_it_points_at_and_a_run_is_itself() -> None:
    files = Files()
    assert (await read(files, replace(LINK, version=None, alias="champion"))).against == "training of iris 1"
    assert (await read(files, replace(LINK, model=None, version=None, run_id="abc"))).against == "training run abc"
    assert [run for run, _ in files.asked] == [f"{1:032x}", "abc"]


@pytest.mark.parametrize(
    ("answer", "message", "failed"),
    [
        (NotFound("run 2 has no file", backend="MLflow"), "run 2 has no file", False),
        (b"[]", f"{FILE} of run {RUN}: expected", False),
        (TooLarge("it is too large", backend="MLflow"), "too large", True),
        (Unreachable("gone", backend="MLflow"), "gone", True),
    ],
)
async def test_what_is_not_there_is_said_and_who_did_not_answer_is_a_failure(answer: bytes | Exception, message: str, failed: bool) -> None:
    found = await read(Files(answer))
    assert (found.against, found.histograms) == ("training of iris 2", {})
    assert message in found.message
    assert (found.failure is not None) is failed


@pytest.mark.parametrize("link", [None, replace(LINK, version="9"), replace(LINK, version=None), replace(LINK, version=None, alias="none")])
async def test_a_version_that_is_not_known(link: ServingLink | None) -> None:
    files = Files()
    found = await read(files, link)
    assert found.message
    assert (found.histograms, files.asked) == ({}, [])


async def test_without_mlflow() -> None:
    assert "no MLflow" in (await training_baseline(LINK, None, None)).message
