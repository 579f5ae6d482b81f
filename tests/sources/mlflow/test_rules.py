"""What both MLflow clients decide the same way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.failures import Failure, Faulty, Forbidden, Malformed, NotFound, Rejected
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel
from modeldeck.domain.mlflow.runs import MetricPoint
from modeldeck.sources.mlflow.rules import (
    PROMPT_TAG,
    LoggedModelChoice,
    chosen_model,
    file_answer,
    folders_to_try,
    meant,
    model_file_words,
    needing,
    quoted,
    refuse_nul,
    refuse_prompt,
    registry_of,
    thinned,
)


@given(st.lists(st.integers(0, 10**6), max_size=300), st.integers(1, 50))
def test_thinning_keeps_the_ends_and_the_order(steps: list[int], points: int) -> None:
    history = [MetricPoint(step, 0.0, 0.0) for step in sorted(steps)]
    thin = thinned(history, points)
    assert len(thin) <= max(points, 1)
    assert list(thin) == sorted(thin, key=lambda point: point.step)
    if points >= 2 and history:
        assert (thin[0], thin[-1]) == (history[0], history[-1])


def test_the_model_of_the_largest_step_is_chosen() -> None:
    early, late, named = (LoggedModelChoice(name, name, step, at) for name, step, at in (("a", 1, 9.0), ("b", 7, 1.0), ("model", 7, 0.0)))
    assert chosen_model([early, late]) == late
    assert chosen_model([early, late, named]) == named
    assert chosen_model([]) is None


def test_a_model_file_is_told_from_other_files() -> None:
    assert model_file_words("flavors:\n  sklearn:\n    code: null\nmlflow_version: '2.1'\n") == "sklearn; mlflow 2.1"
    for text in ("", "hello", "<html>", "artifact_path: x\n"):
        assert model_file_words(text) is None


@pytest.mark.parametrize(
    "message",
    [
        "(sqlite3.IntegrityError) UNIQUE constraint failed: model_version_tags.key [SQL: INSERT INTO model_version_tags …]",
        '(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint "model_version_tag_pk"',
        "(pymysql.err.IntegrityError) (1062, \"Duplicate entry 'm-1-k' for key 'PRIMARY'\")",
        "(pyodbc.IntegrityError) ('23000', '[SQL Server]Violation of PRIMARY KEY constraint')",
        "UPDATE statement on table 'model_version_tags' expected to update 1 row(s); 0 were matched.",
    ],
)
def test_what_two_requests_at_once_make_a_database_say_is_passing(message: str) -> None:
    found = meant(Rejected(message, backend="MLflow", status=400))
    assert (type(found), found.backend, found.status) == (Faulty, "MLflow", 400)


@pytest.mark.parametrize(
    "failure",
    [
        Rejected("(sqlite3.IntegrityError) NOT NULL constraint failed: model_versions.name", status=400),
        Rejected("(sqlite3.IntegrityError) FOREIGN KEY constraint failed", status=400),
        Rejected("Invalid value: (sqlite3.IntegrityError) UNIQUE constraint failed", status=400),
        NotFound("(sqlite3.IntegrityError) UNIQUE constraint failed", status=404),
    ],
)
def test_other_refusals_mean_what_they_say(failure: Failure) -> None:
    assert meant(failure) is failure


def model(name: str, **tags: str) -> RegisteredModel:
    return RegisteredModel(name, {}, tags=tags)


def version(model: str, number: str) -> ModelVersion:
    return ModelVersion(model, number, None, "READY", "None", None, "")


def test_models_stand_by_name_and_their_versions_newest_first_without_prompts() -> None:
    prompt = model("prompt", **{PROMPT_TAG: "true"})
    versions = [version("iris", "2"), version("wine", "1"), version("iris", "10"), version("prompt", "1"), version("gone", "1")]
    found = registry_of([model("wine"), prompt, model("iris")], versions)
    assert [one.name for one in found.models] == ["iris", "wine"]
    assert [(one.model, one.version) for one in found.versions] == [("iris", "10"), ("iris", "2"), ("wine", "1")]


def test_a_refusal_is_told_with_the_permission_that_it_needs() -> None:
    with pytest.raises(Forbidden) as refused, needing("EDIT", "iris"):
        raise Forbidden("Permission denied", backend="MLflow", status=403)
    assert refused.value.message == "Permission denied: this needs EDIT on the registered model iris"
    assert "EDIT" in refused.value.hint
    with pytest.raises(NotFound, match="gone"), needing("EDIT", "iris"):
        raise NotFound("gone")


def test_prompts_and_nul_are_refused() -> None:
    refuse_prompt(model("iris"))
    refuse_nul("a", "")
    with pytest.raises(Rejected, match="iris is a prompt"):
        refuse_prompt(model("iris", **{PROMPT_TAG: "true"}))
    with pytest.raises(Rejected, match="NUL"):
        refuse_nul("a", "b\0")


@pytest.mark.parametrize(("text", "found"), [("iris", "'iris'"), ("it's", '"it\'s"'), ('a"b', "'a\"b'")])
def test_a_text_is_quoted_by_what_it_does_not_hold(text: str, found: str) -> None:
    assert quoted(text) == found
    with pytest.raises(Rejected, match="both kinds of quotes"):
        quoted("a'\"b")


def test_the_folder_called_model_is_tried_first_and_not_all_are() -> None:
    assert folders_to_try(["z", "model", "a"]) == ("model", "a", "z")
    assert len(folders_to_try([str(number) for number in range(100)])) == 20


def test_a_version_without_its_file_is_told() -> None:
    assert file_answer("flavors:\n  sklearn:\n", "the file") == "MLmodel found: sklearn"
    with pytest.raises(Malformed, match="the file is no MLmodel file"):
        file_answer("hello", "the file")
