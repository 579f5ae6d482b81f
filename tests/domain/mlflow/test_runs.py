"""Where a run's code came from, as its tags tell."""

from __future__ import annotations

from modeldeck.domain.mlflow.runs import Run, RunStatus


def run(**tags: str) -> Run:
    return Run("r", "fox", "1", RunStatus.FINISHED, None, None, tags={key.replace("_", "."): text for key, text in tags.items()})


def test_a_run_names_its_commit_and_its_script_where_its_tags_do() -> None:
    told = run(mlflow_source_git_commit="abc", mlflow_source_name="train.py")
    assert (told.git_commit, told.source) == ("abc", "train.py")
    assert (run().git_commit, run().source) == (None, None)
    empty = run(mlflow_source_git_commit="", mlflow_source_name="")
    assert (empty.git_commit, empty.source) == (None, None)
