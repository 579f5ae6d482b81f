from __future__ import annotations

import pytest

from modeldeck.config.handover import handed, received
from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget, PrometheusTarget, Secret
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.series_scope import SeriesScope

WHOLE = Environment(
    "prod",
    MlflowTarget("https://mlflow", "ann", Secret("hunter2"), workspace="ml"),
    ClusterTarget("/a:/b", "prod-eu", ("serving", "*")),
    PrometheusTarget(
        "https://prometheus",
        token=Secret("t0ken"),
        headers={"X-Scope-OrgID": Secret("ml")},
        scope=SeriesScope("p", "n", "", ('a="b"',), (*BUILT_IN.values(), Profile("mine", ("m",), versions=("v", "version")))),
    ),
    read_only=True,
    champion="live",
    patterns=LinkPatterns(("r/{model}:{version}",), (("app", "iris"),)),
    lives_with=4711,
    journal="/var/lib/team/journal.sqlite",
)


@pytest.mark.parametrize("environment", [WHOLE, Environment("bare", None, None, None)])
def test_what_is_handed_over_is_what_is_received(environment: Environment) -> None:
    assert received(handed(environment)) == environment
    assert b"\n" not in handed(environment)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"name": 3}', b'{"name": "x", "mlflow": {"uri": "u", "password": 7}}'])
def test_what_is_no_environment_is_refused_without_its_values(line: bytes) -> None:
    with pytest.raises(ValueError, match="not an environment"):
        received(line)
