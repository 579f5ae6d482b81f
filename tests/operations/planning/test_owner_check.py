"""Who else owns the template: refused where the change would surely be put back, warned of where it may be."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from modeldeck.domain.failures import Forbidden, Unreachable
from modeldeck.domain.kubernetes.workloads import Controller, Settings
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.operations.planning.owner_check import ownership
from tests.operations.conftest import Bench

ARGO = {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/iris"}}
APPLICATION = Controller("argoproj.io/v1alpha1", "Application", "shop")
HEALING, MANUAL = Settings({"syncPolicy": {"automated": {"selfHeal": True}}}), Settings({})
FLUX = {"labels": {"kustomize.toolkit.fluxcd.io/name": "models"}}
HELM = {"annotations": {"meta.helm.sh/release-name": "iris"}}
KSERVE = {"controller": ("serving.kserve.io/v1beta1", "InferenceService", "iris")}
PLAIN = {"controller": ("v1", "ConfigMap", "release")}
AWAY = Unreachable("refused", backend="Kubernetes")

GIT = "make the same change in its source (git), or pause its sync: argocd app set shop --sync-policy none"
MANIFEST = "edit what it is made from: kubectl -n serving edit inferenceservice.serving.kserve.io iris"


async def checked(bench: Bench, *metadata: Mapping[str, Any], edited: bool = True) -> Check:
    """Of a promotion that changes the template, or only the Deployment's own annotations."""
    target = (await bench.good_plan("2")).last
    raw = bench.fake.cluster.deployments["serving/iris"]["metadata"]
    for part in metadata:
        for key, value in part.items():
            raw[key] = {**raw[key], **value} if isinstance(value, dict) else value
    inputs = await bench.subject()
    if not edited:
        bench.fake.registry.aliases["iris"]["champion"] = "3"
        target = (await bench.good_plan("1")).last
    bench.fake.traps.calls.clear()
    return await ownership(inputs, bench.fake.clients, target)


def verdict(kind: Verdict, message: str, hint: str = "") -> Check:
    return Check(CheckName.OWNERS, kind, message, hint)


async def test_of_nobody_there_is_nothing_to_fear(bench: Bench) -> None:
    assert await checked(bench) == verdict(Verdict.OK, "nobody else is known to own the template")
    assert bench.fake.traps.calls == [], "there is nothing to ask about"


async def test_what_does_not_touch_the_template_is_put_back_by_nobody(bench: Bench) -> None:
    found = await checked(bench, KSERVE, edited=False)
    assert found == verdict(Verdict.OK, "KServe (InferenceService iris): the template does not change")


async def test_an_operator_surely_reverts_it(bench: Bench) -> None:
    found = await checked(bench, KSERVE)
    message = "KServe (InferenceService iris) controls this deployment and would put the change back"
    assert found == verdict(Verdict.REFUSE, message, MANIFEST)


async def test_only_those_who_surely_revert_it_are_named_and_what_to_do_about_all(bench: Bench) -> None:
    found = await checked(bench, KSERVE, ARGO, HELM)
    message = "KServe (InferenceService iris) controls this deployment and would put the change back"
    values = "make the same change in the release's values: its next upgrade writes the template anew"
    assert found == verdict(Verdict.REFUSE, message, f"{MANIFEST}; {GIT}; {values}")


async def test_who_may_revert_it_is_warned_of_with_everybody_else(bench: Bench) -> None:
    found = await checked(bench, ARGO, HELM)
    assert (found.verdict, found.message) == (Verdict.WARN, "Argo CD (application shop), Helm (release iris) may revert the change")


async def test_who_writes_it_anew_with_the_next_release(bench: Bench) -> None:
    found = await checked(bench, HELM)
    assert found == verdict(
        Verdict.WARN,
        "Helm (release iris) will write the template anew with its next release",
        "make the same change in the release's values: its next upgrade writes the template anew",
    )


async def test_what_to_do_is_said_once(bench: Bench) -> None:
    """Terraform and Pulumi are advised alike."""
    writers = {"owners": [(manager, "Update", 1.0, True, False) for manager in ("terraform", "pulumi")]}
    found = await checked(bench, writers)
    assert found.hint == "make the same change in its source: its next run writes the template anew"
    assert found.message.startswith("Terraform (field manager terraform), Pulumi (field manager pulumi) will write")


async def test_who_does_not_look_at_it_is_told_and_that_is_all(bench: Bench) -> None:
    found = await checked(bench, PLAIN)
    assert found == verdict(Verdict.OK, "ConfigMap (owner release), which does not write the template")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [(HEALING, Verdict.REFUSE), (MANUAL, Verdict.WARN), (None, Verdict.WARN)],
)
async def test_its_own_object_says_how_it_holds_it(bench: Bench, settings: Settings | None, expected: Verdict) -> None:
    if settings is not None:
        bench.fake.cluster.settings["argocd", APPLICATION] = settings
    found = await checked(bench, ARGO)
    assert found.verdict is expected
    assert ("may revert" in found.message) is (settings is None), "what it is set to is not known"
    assert bench.fake.traps.calls == ["settings_of"]


@pytest.mark.parametrize("failure", [Forbidden("not you", backend="Kubernetes"), AWAY])
async def test_where_its_object_may_not_be_read_it_may_revert_it(bench: Bench, failure: Forbidden | Unreachable) -> None:
    bench.fake.cluster.settings["argocd", APPLICATION] = HEALING
    bench.fake.traps.fail("settings_of", failure)
    found = await checked(bench, ARGO)
    assert (found.verdict, found.message) == (Verdict.WARN, "Argo CD (application shop) may revert the change")


async def test_each_source_is_read_by_itself(bench: Bench) -> None:
    """Of two, the one that cannot be read is no reason not to believe the other."""
    bench.fake.cluster.settings["argocd", APPLICATION] = HEALING
    bench.fake.traps.fail("settings_of", AWAY, skip=1)
    found = await checked(bench, ARGO, FLUX)
    assert found.message == "Argo CD (application shop) controls this deployment and would put the change back"
    assert bench.fake.traps.calls == ["settings_of"] * 2


def chain(bench: Bench, length: int) -> list[Controller]:
    """The Deployment's controller first, each made by the next."""
    links = [Controller("models.example.com/v1", f"Kind{number}", f"name{number}") for number in range(length)]
    bench.fake.cluster.controllers = dict(pairwise(links))
    return links


def made_by(controller: Controller) -> dict[str, tuple[str, str, str]]:
    return {"controller": (controller.api_version, controller.kind, controller.name)}


@pytest.mark.parametrize(("length", "top"), [(1, 0), (2, 1), (5, 4), (6, 5), (7, 5), (9, 5)])
async def test_the_top_of_the_chain_is_looked_for_five_owners_up(bench: Bench, length: int, top: int) -> None:
    links = chain(bench, length)
    found = await checked(bench, made_by(links[0]))
    assert found.hint.endswith(f" edit kind{top}.models.example.com name{top}")
    assert found.message.startswith("the operator of models.example.com (Kind0 name0) "), "it is named by what makes the Deployment"
    assert bench.fake.traps.calls.count("controller_of") == min(length, 5)


async def test_it_is_looked_for_as_far_as_may_be_read(bench: Bench) -> None:
    links = chain(bench, 4)
    bench.fake.traps.fail("controller_of", AWAY, skip=2)
    found = await checked(bench, made_by(links[0]))
    assert found.hint.endswith(" edit kind2.models.example.com name2")
    assert bench.fake.traps.calls.count("controller_of") == 3
