"""References to models: MLflow's own forms, storage paths, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.mlflow.model_uri import LATEST, ModelUri, find, find_all, parse

RUN = "0123456789abcdef0123456789abcdef"
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/:@$\"'`;,&|<>={}?#", exclude_categories=("C", "Z")), min_size=1).filter(
    lambda name: not name.startswith("//")
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("models:/iris/3", {"model": "iris", "version": "3"}),
        ("models:/iris@champion", {"model": "iris", "alias": "champion"}),
        ("models:/a@b@c", {"model": "a@b", "alias": "c"}),
        ("models:/iris/Production", {"model": "iris", "stage": "Production"}),
        ("models:/iris/LATEST", {"model": "iris", "stage": LATEST}),
        ("models://profile/iris/3", {"model": "iris", "version": "3"}),
        ("models:/m-d9a1", {"model_id": "m-d9a1"}),
        (f"runs:/{RUN}/model", {"run_id": RUN, "path": "model"}),
        (f"runs:/{RUN}", {"run_id": RUN}),
        (f"mlflow-artifacts:/1/{RUN}/artifacts/model", {"run_id": RUN, "path": "model"}),
        (f"mlflow-artifacts://host:5000/1/{RUN}/model", {"run_id": RUN, "path": "model"}),
        (f"/data/mlruns/0/{RUN}/artifacts/a/b/", {"run_id": RUN, "path": "a/b"}),
        (f"s3://bucket/1/models/m-{RUN}/artifacts", {"model_id": f"m-{RUN}"}),
    ],
)
def test_reads_every_form(text: str, wanted: dict[str, str]) -> None:
    assert parse(text) == ModelUri(text, **wanted)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "iris",
        "models:/",
        "models:/iris",
        "models:/iris/",
        "models:/iris@",
        "models:/a/b/3",
        "models:/$(MODEL_NAME)/$(MODEL_VERSION)",
        "models:/${MODEL}/3",
        "runs:/",
        f"http://host/{RUN}/artifacts/model",
        f"s3://bucket/{RUN}/data",
        "/models/iris/3",
    ],
)
def test_takes_nothing_else(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("models:/iris/3", "models:/iris/3"),
        ("  models:/iris/3\n", "models:/iris/3"),
        ("models:/my model/3", "models:/my model/3"),
        ("--model-uri=models:/iris@champion", "models:/iris@champion"),
        ("exec mlflow models serve -m 'models:/iris/3' -p 8080", "models:/iris/3"),
        ("models:/iris/3 --port 80", "models:/iris/3"),
        (f"runs:/{RUN}/model --port 8080", f"runs:/{RUN}/model"),
        (f"s3://b/1/{RUN}/artifacts/m --port 80", f"s3://b/1/{RUN}/artifacts/m"),
        (f"A=1 B=runs:/{RUN}/m; start", f"runs:/{RUN}/m"),
        ("mlflow models serve -m 'models:/spaces in name/1' -p 80", "models:/spaces in name/1"),
        ('serve -m=\\"models:/a b@champion\\"', "models:/a b@champion"),
        ('{"model": "models:/a b/3", "x": 1}', "models:/a b/3"),
        ("$(serve models:/iris/3)", "models:/iris/3"),
        ("[models:/iris/3]", "models:/iris/3"),
    ],
)
def test_finds_one_inside_a_text(text: str, found: str) -> None:
    match = find(text)
    assert match is not None
    start, end, uri = match
    assert text[start:end] == found == uri.text


def test_finds_all_of_them() -> None:
    text = f"serve -m 'models:/my iris/3' --fallback=models:/iris@old --data \"runs:/{RUN}/x\", models:/iris/1,models:/iris/2"
    found = [text[start:end] for start, end, _ in find_all(text)]
    assert found == ["models:/my iris/3", "models:/iris@old", f"runs:/{RUN}/x", "models:/iris/1", "models:/iris/2"]


@given(NAMES, st.integers(1, 10**6))
def test_a_version_reads_as_it_was_written(name: str, version: int) -> None:
    uri = parse(f"models:/{name}/{version}")
    assert uri is not None
    assert (uri.model, uri.version, uri.alias) == (name, str(version), None)


@given(st.text())
def test_any_text_has_at_most_one_meaning(text: str) -> None:
    position = 0
    for start, end, uri in find_all(text):
        assert position <= start < end
        position = end
        assert parse(text[start:end]) == uri
        assert sum(part is not None for part in (uri.version, uri.alias, uri.stage, uri.model_id, uri.run_id)) == 1


@pytest.mark.parametrize(
    ("text", "run_id"),
    [
        (f"/mlruns/1/{RUN}/artifacts/model", RUN),
        (f"mlruns/1/{RUN}", RUN),
        (f"mlflow-artifacts:/1/{RUN}/other", RUN),
        (f"s3://bucket/1/{RUN}", None),
        (f"s3://bucket/1/{RUN}/artifacts", RUN),
        (RUN, None),
        (f"{RUN} artifacts", None),
    ],
)
def test_a_run_in_a_path_counts_where_the_place_is_surely_mlflows(text: str, run_id: str | None) -> None:
    found = parse(text)
    assert (found.run_id if found else None) == run_id


def test_a_quoted_text_is_one_reference_only_as_a_whole() -> None:
    assert [uri.text for _, _, uri in find_all('serve "models:/my model/3" x')] == ["models:/my model/3"]
    assert find_all('serve " models:/iris/3" x')[0][2].text == "models:/iris/3"
    assert [uri.text for _, _, uri in find_all('say "models:/iris/3 and more" x')] == ["models:/iris/3"]


@pytest.mark.parametrize("flag", ["--uri=", "-u=", "MODEL_URI=", "--model-uri=", ""])
@pytest.mark.parametrize(
    "path", [f"s3://b/1/{RUN}/artifacts/model", f"/mnt/mlruns/1/{RUN}/artifacts/model", f"s3://b/?x=/1/{RUN}/artifacts"]
)
def test_what_is_assigned_begins_after_the_flag(flag: str, path: str) -> None:
    """An edit that took the flag for a part of it would lose it."""
    for text in (f"{flag}{path}", f"serve {flag}{path} --port 80"):
        assert [(text[start:end], uri.text, uri.run_id) for start, end, uri in find_all(text)] == [(path, path, RUN)]


@pytest.mark.parametrize(
    ("text", "model", "what"),
    [
        ("models:///iris/3", "iris", "3"),
        ("models://profile/iris/3", "iris", "3"),
        ("models:/iris@champion and more", "iris", "champion"),
        ("models:/iris/Production and more", "iris", "Production"),
        ("models:/iris/3 and more", "iris", "3"),
    ],
)
def test_a_registered_model_wherever_its_registry_and_whatever_follows(text: str, model: str, what: str) -> None:
    found = find(text)
    assert found is not None
    uri = found[2]
    assert (uri.model, uri.version or uri.alias or uri.stage) == (model, what)


@pytest.mark.parametrize(
    "text", ["models:/ /3", "models:/iris/3/x", "models:/iris/", "models:/@champion", "models:/iris@", "runs:/", "models:/"]
)
def test_half_a_reference_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "path"), [(f"runs:/{RUN}/mo:del/", "mo:del"), (f"runs://profile/{RUN}/model", "model"), (f"runs:/{RUN}", "")]
)
def test_a_run_and_what_follows_it(text: str, path: str) -> None:
    assert parse(text) == ModelUri(text, run_id=RUN, path=path)
