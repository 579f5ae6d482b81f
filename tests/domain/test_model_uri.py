"""References to models: MLflow's own forms, storage paths, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.model_uri import LATEST, ModelUri, find, find_all, parse

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
