from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.environments import MlflowTarget, Secret
from modeldeck.domain.failures import Failure, Faulty, Malformed, NotFound, Rejected
from modeldeck.domain.mlflow.runs import MetricPoint, RunStatus
from modeldeck.sources.http.decode import decode
from modeldeck.sources.mlflow import rest_pages
from modeldeck.sources.mlflow.inprocess import shown
from modeldeck.sources.mlflow.opening import open_mlflow
from modeldeck.sources.mlflow.rules import LoggedModelChoice, chosen_model, meant, model_file_words, thinned
from modeldeck.sources.mlflow.wire import LARGEST, RunsAnswer, explain, number, run_of, run_status, seconds, whole
from tests.support.canned import always, canned, response


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=20)))
def test_numbers_of_any_form_never_break_a_row(value: float | str | None) -> None:
    assert isinstance(number(value), float) or isinstance(value, int)
    assert isinstance(whole(value), int)
    assert seconds(value) is None or isinstance(seconds(value), float)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_ordinary_values_are_themselves(value: float) -> None:
    assert number(value) == value
    assert number(repr(value)) == value


def test_what_stores_write_for_no_numbers_comes_back() -> None:
    assert number("NaN") is math.nan
    assert (number(LARGEST), number(-LARGEST), number("Infinity")) == (math.inf, -math.inf, math.inf)
    assert math.isnan(number("no number"))


def test_statuses_by_name_and_number_and_unknown_ones() -> None:
    assert (run_status("FINISHED"), run_status(4), run_status("NEW ONE")) == (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.UNKNOWN)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["runs", "info", "data", "run_id", "metrics", "key"]), inner)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_an_answer_or_malformed_with_its_place(value: object) -> None:
    try:
        answer = decode(msgspec.json.encode(value), RunsAnswer, backend="MLflow")
    except Malformed as failure:
        assert failure.message.startswith("unexpected answer")  # noqa: PT017
    else:
        assert all(run_of(entry).id for entry in answer.runs or ())


@given(st.binary(max_size=40))
def test_any_bytes_are_malformed_or_an_answer(body: bytes) -> None:
    assert isinstance(explain(body), str)
    try:
        decode(body, RunsAnswer)
    except Malformed as failure:
        assert failure.message  # noqa: PT017


def test_a_wrong_shape_names_its_path() -> None:
    with pytest.raises(Malformed, match=r"\$\.runs\[1\]\.info\.run_id"):
        decode(b'{"runs": [{"info": {"run_id": "a"}}, {"info": {"run_id": 7}}]}', RunsAnswer)


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


def test_databases_are_named_without_their_passwords() -> None:
    assert shown("postgresql://me:s3cret@db:5432/mlflow?x=y") == "postgresql://db:5432/mlflow"
    assert shown("sqlite:///a.db") == "sqlite:///a.db"


async def test_pages_that_repeat_rows_are_joined_without_repeats_and_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_pages, "VERSIONS_PAGE", 2)
    pages = [(["3", "2"], "a"), (["2", "1"], "b"), (["1"], "b")]

    async def talk(reader: object, writer: object, number: int) -> None:
        request = server.requests[-1]
        if b"registered-models" in request:
            body: object = {"registered_models": [{"name": "iris", "aliases": [{"alias": "champion", "version": 2}]}]}
        else:
            page = 0 if b"page_token" not in request else 1 if b"page_token=a" in request else 2
            versions, token = pages[page]
            body = {"model_versions": [{"name": "iris", "version": v} for v in versions], "next_page_token": token}
        writer.write(response(msgspec.json.encode(body)))  # type: ignore[attr-defined]

    async with canned(talk) as server:
        mlflow = open_mlflow(MlflowTarget(server.url))
        registry = await mlflow.registry.registry()
        await mlflow.aclose()
    assert [(version.version, version.aliases) for version in registry.versions] == [("3", ()), ("2", ("champion",)), ("1", ())]


async def test_the_targets_token_and_workspace_are_sent() -> None:
    async with canned(always(response(b'{"experiments": [], "workspaces_enabled": true}'))) as server:
        mlflow = open_mlflow(MlflowTarget(server.url, username="me", token=Secret("tok"), workspace="team-a"))
        assert await mlflow.tracking.experiments() == ()
        assert await mlflow.tracking.experiments() == ()
        await mlflow.aclose()
    assert all(b"Authorization: Bearer tok" in request for request in server.requests)
    assert all(b"X-MLFLOW-WORKSPACE: team-a" in request for request in server.requests)
    assert [b"server-info" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("answer", [response(b"<html>", "404 Not Found"), response(b'{"workspaces_enabled": false}'), response(b"{}")])
async def test_a_workspace_of_a_server_without_them_is_not_somebody_elses_data(answer: bytes) -> None:
    async with canned(always(answer)) as server:
        mlflow = open_mlflow(MlflowTarget(server.url, workspace="team-a"))
        for ask in (mlflow.tracking.experiments, mlflow.registry.registry, mlflow.tracking.ping):
            with pytest.raises(Rejected, match="this server has no workspaces, so that team-a cannot be looked at"):
                await ask()
        await mlflow.aclose()


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
