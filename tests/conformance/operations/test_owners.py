"""Deployments that others own: a promotion which would surely be put back is refused, and one that is put back says by whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.kubernetes.api import Api
from tests.conformance.operations.conftest import Shell
from tests.conformance.operations.owning import PRODUCTS, Product, install, owned, reverting

pytestmark = pytest.mark.parametrize("ground", ["real"], indirect=True)


@pytest.fixture
def api(shell: Shell) -> Iterator[Api]:
    found = Api(shell.cluster.kubeconfig())
    install(found)
    shell.mlflow.point("champion", "1")
    yield found
    found.close()


def rolled_out(shell: Shell, name: str) -> str:
    shell.cluster.kubectl("-n", "serving", "rollout", "status", f"deployment/{name}", "--timeout=180s")
    return f"serving/{name}"


def owners(shell: Shell, key: str, user: str = "admin", **more: str) -> dict[str, Any]:
    """What the plan says of them."""
    planned = shell.run("promote", "iris", "2", "--deployment", key, "--plan", "--output", "json", user=user, **more)
    return next(check for check in planned.json["checks"] if check["name"] == "owners")


@pytest.mark.parametrize(
    ("product", "message", "hint"),
    [
        (
            "KServe",
            "KServe (InferenceService flowers) controls this deployment and would put the change back",
            "edit what it is made from: kubectl -n serving edit inferenceservice.serving.kserve.io flowers",
        ),
        (
            "Argo CD",
            "Argo CD (application shop) controls this deployment and would put the change back",
            "make the same change in its source (git), or pause its sync: argocd app set shop --sync-policy none",
        ),
        (
            "Flux",
            "Flux (kustomization models) controls this deployment and would put the change back",
            "make the same change in its source (git), or pause it: flux -n flux-system suspend kustomization models",
        ),
        (
            "Flux with Helm",
            "Flux (helm release iris) controls this deployment and would put the change back",
            "make the same change in its source (git), or pause it: flux -n flux-system suspend helmrelease iris",
        ),
    ],
)
def test_what_would_surely_be_put_back_is_refused(shell: Shell, api: Api, product: str, message: str, hint: str) -> None:
    with owned(api, PRODUCTS[product], "theirs"):
        key = rolled_out(shell, "theirs")
        found = owners(shell, key)
        assert (found["verdict"], found["message"]) == ("refuse", message)
        assert found["hint"].startswith(hint)
        done = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert done.code == 3, done.err
        assert shell.uri("theirs") == "models:/iris/1"


@pytest.mark.parametrize(
    ("product", "paused"),
    [
        ("Argo CD", {"syncPolicy": {}}),
        ("Argo CD", {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}),
        ("Argo CD", {"syncPolicy": {"automated": {"selfHeal": True, "enabled": False}}}),
        ("Flux", {"suspend": True}),
        ("Flux with Helm", {"driftDetection": {"mode": "disabled"}}),
    ],
)
def test_where_its_source_says_that_it_holds_still_it_is_a_warning(shell: Shell, api: Api, product: str, paused: dict[str, Any]) -> None:
    with owned(api, PRODUCTS[product], "held", **paused):
        found = owners(shell, rolled_out(shell, "held"))
        assert found["verdict"] == "warn"
        assert "will write the template anew with its next release" in found["message"]
        done = shell.run("promote", "iris", "2", "--deployment", "serving/held", "--yes", "--output", "json")
        assert done.code == 0, done.err
        assert shell.uri("held") == "models:/iris/2"


@pytest.mark.parametrize(
    ("product", "who"),
    [
        ("Argo CD", "Argo CD (field manager argocd-controller)"),
        ("Flux", "Flux (field manager kustomize-controller)"),
        ("Flux with Helm", "Flux (field manager helm-controller)"),
    ],
)
def test_one_that_is_put_back_says_by_whom(shell: Shell, api: Api, product: str, who: str) -> None:
    """An operator who may not read the source can only be warned."""
    chosen: Product = PRODUCTS[product]
    with owned(api, chosen, "fought"):
        key = rolled_out(shell, "fought")
        assert owners(shell, key, user="op")["verdict"] == "warn"
        with reverting(api, chosen, "fought") as put_back:
            done = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json", user="op")
        assert put_back == ["models:/iris/2"]
        assert done.code == 1, done.err
        assert f"{who} changed the template meanwhile" in done.json["message"]
        assert (shell.uri("fought"), shell.mlflow.alias("champion")) == ("models:/iris/1", "1")
        assert "modeldeck.dev/operation" not in shell.cluster.get("deployment", "fought")["metadata"]["annotations"]
