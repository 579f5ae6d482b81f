"""What a change brings with it that its steps do not show: told with verdict and hint, and only where there is something to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet, OtherWorkload
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.operations.checks import Check, Verdict
from modeldeck.operations.planning import consequences as module
from modeldeck.operations.planning.consequences import consequences, others
from tests.domain.links.templates import container, deployment, template
from tests.operations.conftest import Bench
from tests.support.fakes.objects import to_template

URI = "/spec/template/spec/containers/0/env/1/value"
EDITS: Edits = {URI: ("models:/iris/1", "models:/iris/2")}
NOTE: Edits = {"/metadata/annotations/x": (None, "y")}


def server(uri: str) -> list[dict[str, Any]]:
    return [{"name": "server", "image": "x", "env": [{"name": "MODEL_URI", "value": uri}]}]


def told(found: Sequence[Check]) -> list[tuple[str, Verdict, str, str]]:
    return [(check.name, check.verdict, check.message, check.hint) for check in found]


async def test_a_plain_change_brings_nothing_with_it(bench: Bench) -> None:
    assert consequences(await bench.subject(), EDITS) == ()


@pytest.mark.parametrize(
    ("uri", "named"),
    [("models:/iris/latest", "the newest version"), ("models:/iris/Staging", "stage Staging"), ("models:/iris/staging", "stage staging")],
)
async def test_a_reference_that_moves_by_itself_will_no_longer(bench_of: Callable[[str], Bench], uri: str, named: str) -> None:
    found = await bench_of(uri).subject()
    assert told(consequences(found, EDITS)) == [
        (
            *("reference", Verdict.WARN),
            f"the pods follow {named} of iris: from now on they name version 2, and no longer follow it",
            "to follow a version that moves, name an alias: models:/iris@champion",
        )
    ]
    assert consequences(found, NOTE) == consequences(found, {}) == (), "where no pod changes they go on following it"


async def test_each_stage_is_told_once(bench: Bench) -> None:
    found = await bench.subject()
    stages = [replace(found.link, stage=stage, also=()) for stage in ("Staging", "Staging", "latest")]
    told_of = consequences(replace(found, link=replace(found.link, stage="Staging", also=tuple(stages))), EDITS)
    assert [check.message.split(":")[0] for check in told_of] == [
        "the pods follow stage Staging of iris",
        "the pods follow the newest version of iris",
    ]


async def test_an_annotation_alone_loads_nothing(bench: Bench) -> None:
    annotations = {"modeldeck.dev/model": "iris", "modeldeck.dev/version": "1"}
    bench.fake.cluster.edit(
        "serving/iris",
        lambda raw: raw["spec"]["template"].update(
            metadata={"labels": {"app": "iris"}, "annotations": annotations}, spec={"containers": [{"name": "server", "image": "x"}]}
        ),
    )
    found = await bench.subject()
    assert told(consequences(found, {"/spec/template/metadata/annotations/modeldeck.dev~1version": ("1", "2")})) == [
        (
            *("reference", Verdict.WARN),
            "only an annotation says which version is served: what the server loads does not change with it",
            "let the server read the version from a variable or an argument",
        )
    ]
    assert consequences(found, {}) == ()


@pytest.mark.parametrize(
    ("twice", "place", "verdict"),
    [("MODEL_URI", 1, Verdict.REFUSE), ("LOG_LEVEL", 1, Verdict.WARN)],
)
async def test_a_variable_that_stands_twice(bench: Bench, twice: str, place: int, verdict: Verdict) -> None:
    found = await bench.subject()
    one = container(env={"LOG_LEVEL": "info", "MODEL_URI": "models:/iris/1"})
    env = (*one.env, replace(one.env[0], name=twice))
    about = replace(found, deployment=deployment(of=template(replace(one, env=env))))
    assert told(consequences(about, EDITS)) == [
        (
            *("variables", verdict),
            f"{twice} stands twice in container server; Kubernetes takes the last one, and a patch would drop one of them",
            f"take all but the last {twice} out of the manifest",
        )
    ]
    assert consequences(about, NOTE) == ()


async def said(bench: Bench, *, alias: str = "champion", together: Sequence[str] = ()) -> list[tuple[str, Verdict, str, str]]:
    return told(await others(await bench.subject(), alias, bench.fake.clients, together))


FOLLOW = "restart them, or promote them together"
DIFFER = "promote them together, or give them an alias of their own"


async def test_who_follows_the_alias_loads_the_version_with_its_next_pod(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "follows", server("models:/iris@champion"))
    message = "follows alias champion too: new pods there load version 2, pods that run keep the old one"
    assert await said(bench) == [("other deployments", Verdict.WARN, f"serving/follows {message}", FOLLOW)]
    assert await said(bench, alias="best") == [], "another alias is not theirs"
    assert await said(bench, together=("serving/follows",)) == []
    bench.fake.cluster.add("serving", "wine", server("models:/wine@champion"))
    bench.fake.cluster.others.append(
        OtherWorkload("StatefulSet", "serving", "a", to_template({"spec": {"containers": server("models:/iris@champion")}}))
    )
    ((_, _, both, _),) = await said(bench)
    assert both.startswith("serving/follows, StatefulSet serving/a follow alias champion too: ")


async def test_who_names_another_version_will_differ_from_the_alias(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "pinned", server("models:/iris/3"))
    assert await said(bench) == [
        *[
            (
                "other deployments",
                Verdict.WARN,
                "serving/pinned (3) names another version of iris: there, alias and template will differ",
                DIFFER,
            )
        ]
    ]
    bench.fake.cluster.add("serving", "older", server("models:/iris/1"))
    ((_, _, both, _),) = await said(bench)
    assert both.startswith("serving/pinned (3), serving/older (1) name other versions of iris: ")
    assert await said(bench, together=("serving/pinned", "serving/older")) == []


async def test_who_follows_another_alias_or_is_not_certain_names_no_version(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "best", server("models:/iris@best"))
    annotations = {"modeldeck.dev/model": "iris", "modeldeck.dev/version": "1"}
    bench.fake.cluster.edit("serving/best", lambda raw: raw["spec"]["template"]["metadata"].update(annotations=annotations))
    bench.fake.cluster.add("serving", "unsure", [*server("models:/iris/1"), {**server("models:/iris/3")[0], "name": "side"}])
    assert await said(bench) == []


async def test_who_follows_and_who_differs_are_told_apart(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "follows", server("models:/iris@champion"))
    bench.fake.cluster.add("serving", "pinned", server("models:/iris/3"))
    bench.fake.cluster.add("serving", "already", server("models:/iris/2"))
    assert [(message.split(" ")[0], hint) for _, _, message, hint in await said(bench)] == [
        ("serving/follows", FOLLOW),
        ("serving/pinned", DIFFER),
    ]


@pytest.mark.parametrize(
    ("others_there", "named"),
    [
        (3, "serving/a, serving/b, serving/c follow"),
        (4, "serving/a, serving/b, serving/c and 1 more follow"),
        (6, "serving/a, serving/b, serving/c and 3 more follow"),
    ],
)
async def test_three_are_named_and_the_rest_is_counted(bench: Bench, others_there: int, named: str) -> None:
    for name in "abcdef"[:others_there]:
        bench.fake.cluster.add("serving", name, server("models:/iris@champion"))
    ((_, _, message, _),) = await said(bench)
    assert message.startswith(f"{named} alias champion too")


@pytest.mark.parametrize(
    ("target", "where"),
    [(None, ("serving",)), (ClusterTarget(), ("serving",)), (ClusterTarget(namespaces=("serving", "batch")), ("serving", "batch"))],
)
async def test_the_namespaces_of_the_environment_are_looked_through(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, target: ClusterTarget | None, where: tuple[str, ...]
) -> None:
    asked: list[tuple[str, ...]] = []

    async def fleet(namespaces: tuple[str, ...]) -> Fleet:
        asked.append(namespaces)
        return Fleet((), (), ())

    monkeypatch.setattr(bench.fake.cluster, "fleet", fleet)
    bench.fake.environment = replace(bench.fake.environment, cluster=target)
    assert await said(bench) == []
    assert asked == [where]


async def test_where_others_cannot_be_read_nothing_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fake.cluster.add("serving", "follows", server("models:/iris@champion"))
    bench.fake.traps.fail("fleet", Unreachable("refused"))
    assert await said(bench) == []
    assert len(await said(bench)) == 1

    async def never(namespaces: tuple[str, ...]) -> Fleet:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(bench.fake.cluster, "fleet", never)
    monkeypatch.setattr(module, "_OTHERS_TIMEOUT", 0.0)
    assert await said(bench) == []
