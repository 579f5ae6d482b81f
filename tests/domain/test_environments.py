"""What an environment is where nobody said otherwise, and which one it is."""

from __future__ import annotations

from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget, PrometheusTarget, Secret
from modeldeck.domain.gates import Gate


def test_nothing_is_insecure_guessed_or_read_only_unless_somebody_says_so() -> None:
    mlflow, prometheus = MlflowTarget("https://mlflow"), PrometheusTarget("https://prometheus")
    assert (mlflow.insecure_tls, mlflow.guessed, prometheus.insecure_tls, prometheus.guessed) == (False, False, False, False)
    plain = Environment("prod", mlflow, None, prometheus)
    assert (plain.read_only, plain.protected, plain.approval, plain.refresh) == (False, False, False, 5.0)


def test_a_models_own_gate_comes_before_the_environments() -> None:
    own, shared = Gate(warm_up=1.0), Gate(warm_up=2.0)
    both = Environment("prod", None, None, None, gate=shared, gates={"iris": own})
    assert [both.gate_for(model) for model in ("iris", "wine", None)] == [own, shared, shared]
    assert Environment("prod", None, None, None).gate_for("iris") == Gate()


def test_another_backend_behind_the_same_name_is_another_environment() -> None:
    here = Environment("prod", MlflowTarget("https://a"), ClusterTarget("kubeconfig", "blue", ("serving",)), PrometheusTarget("https://p"))
    others = (
        Environment("prod", MlflowTarget("https://b"), here.cluster, here.prometheus),
        Environment("prod", here.mlflow, ClusterTarget("kubeconfig", "green", ("serving",)), here.prometheus),
        Environment("prod", here.mlflow, ClusterTarget("kubeconfig", "blue", ("other",)), here.prometheus),
        Environment("prod", here.mlflow, None, here.prometheus),
        Environment("prod", here.mlflow, here.cluster, None),
        Environment("prod", None, here.cluster, here.prometheus),
    )
    assert len({one.identity for one in (here, *others)}) == len(others) + 1


def test_an_environments_identity_holds_its_addresses_and_nothing_secret() -> None:
    mlflow = MlflowTarget("https://a", password=Secret("hush"))
    here = Environment(
        "prod", mlflow, ClusterTarget("kc", "blue", ("x", "y")), PrometheusTarget("https://p", headers={"X": Secret("hush")})
    )
    assert here.identity == "prod\nhttps://a\nkc\nblue\nx\ny\nhttps://p"
    assert Environment("prod", None, None, None).identity == "prod\n\n"


def test_a_secret_is_given_away_by_nothing_but_asking() -> None:
    secret = Secret("hush")
    assert f"{secret} {secret!r} {[secret]}".count("hush") == 0
    assert secret.reveal() == "hush"
    assert (secret == Secret("hush"), secret == Secret("other"), secret == "hush") == (True, False, False)
    assert hash(secret) == hash(Secret("hush"))
    assert (bool(secret), bool(Secret(""))) == (True, False)
