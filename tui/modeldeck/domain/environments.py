"""Environments: which MLflow, cluster and Prometheus belong together, and what may be done there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.series_scope import SeriesScope

if TYPE_CHECKING:
    from modeldeck.domain.drift.settings import DriftRules
    from modeldeck.domain.gates.settings import Gate
    from modeldeck.domain.objectives.objective import Objectives


class Secret:
    """A token or password. Only `reveal()` gives it away: never `repr`, `str`, a format or a log line."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)


@dataclass(frozen=True, slots=True)
class MlflowTarget:
    """`uri` as MLFLOW_TRACKING_URI would hold it, without userinfo: http(s), or anything that mlflow's own client can open."""

    uri: str
    username: str = ""
    password: Secret | None = None
    token: Secret | None = None
    insecure_tls: bool = False
    server_cert_path: str = ""
    client_cert_path: str = ""
    workspace: str = ""
    guessed: bool = False
    """Nobody named it: it is where a server stands by default, and there may be none."""


@dataclass(frozen=True, slots=True)
class ClusterTarget:
    """`kubeconfig` may be several files joined by os.pathsep, as KUBECONFIG; "" is in-cluster or the default place."""

    kubeconfig: str = ""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    """() is the context's own namespace; ("*",) all that may be listed."""


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """An Alertmanager, or what is reached like one. `url` without userinfo."""

    url: str
    username: str = ""
    password: Secret | None = None
    token: Secret | None = None
    headers: Mapping[str, Secret] = field(default_factory=dict)
    """Further ones of each request: `X-Scope-OrgID` of a tenant, or what a gateway wants to see, which may be a key."""
    insecure_tls: bool = False
    ca_path: str = ""


@dataclass(frozen=True, slots=True)
class PrometheusTarget(HttpTarget):
    """`url`: http(s), or a Service behind the proxy of the cluster (domain/kubernetes/service_address.py)."""

    client_cert_path: str = ""
    """PEM, with its key unless that stands in `client_key_path`."""
    client_key_path: str = ""
    scope: SeriesScope = field(default_factory=SeriesScope)
    """By which labels its series name their pods, and which of them are this environment's."""
    guessed: bool = False
    """Nobody named it: it is only where one usually is, and may well not be there."""


class AlertPolicy(StrEnum):
    """What a plan makes of alerts that fire for its deployment."""

    REFUSE = "refuse"
    WARN = "warn"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Environment:
    """One named set of backends. None: this backend is not configured, and its pane says how to."""

    name: str
    mlflow: MlflowTarget | None
    cluster: ClusterTarget | None
    prometheus: PrometheusTarget | None
    alertmanager: HttpTarget | None = None
    alerts: AlertPolicy = AlertPolicy.WARN
    silence: tuple[str, ...] | None = None
    """Alerts that operations silence unless told otherwise; () is all about their deployments, None none."""
    read_only: bool = False
    protected: bool = False
    """Changes need the deployment's name typed, and a reason."""
    approval: bool = False
    """Changes wait until somebody other than their author approves them."""
    theme: str = ""
    refresh: float = 5.0
    """Seconds between polls of what cannot be watched."""
    champion: str = "champion"
    patterns: LinkPatterns = field(default_factory=LinkPatterns)
    lives_with: int | None = None
    """The process without which its backends are gone: a sandbox'."""
    journal: str = ""
    """Path of the operations journal; "" is the user's state folder."""
    dashboards: tuple[str, ...] = ()
    """Paths of Grafana's files."""
    gate: Gate | None = None
    """None: the default one."""
    gates: Mapping[str, Gate] = field(default_factory=dict)
    """Model → its own gate."""
    objectives: Objectives = ()
    drift: DriftRules | None = None
    """What drift is looked for in, and against what; None: as by default."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """setting → where it came from ("environment variable MLFLOW_TRACKING_URI", "config.toml:12"), for `config show` and `doctor`."""

    def gate_for(self, model: str | None) -> Gate:
        """The gate of a promotion of this model; that of a roll-back is its `for_rollback`."""
        from modeldeck.domain.gates.settings import DEFAULT  # what no first frame needs

        return self.gates.get(model or "") or self.gate or DEFAULT

    @property
    def identity(self) -> str:
        """The environment with its addresses: another backend behind the same name is another environment."""
        mlflow = self.mlflow.uri if self.mlflow else ""
        place = (self.cluster.kubeconfig, self.cluster.context, *self.cluster.namespaces) if self.cluster else ()
        return "\n".join((self.name, mlflow, *place, self.prometheus.url if self.prometheus else ""))
