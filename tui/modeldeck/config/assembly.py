"""Layers of settings → one Environment: the strongest layer wins, except where that would hand a secret to a stranger.

- The file's [mlflow] and [prometheus] tables belong to the address that stands in them. Where a flag or a variable names another server,
  nothing else of that table is used: not its token, not its relaxed TLS.
- Only one kind of credential is used, that of the strongest layer: a token, or a user name with a password.
- User names and passwords inside an address are taken out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, TypeVar, cast

from modeldeck.config.keys import ADDRESSES, BY_NAME
from modeldeck.config.kinds import SECRET, InvalidValue
from modeldeck.config.secrets import SecretSource, plain, read
from modeldeck.config.values import Layer, Problem, Setting, Settings, Severity
from modeldeck.domain.environments import (
    AlertPolicy,
    ClusterTarget,
    Environment,
    HttpTarget,
    MlflowTarget,
    PrometheusTarget,
    Secret,
)
from modeldeck.domain.kubernetes.service_scheme import is_service
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.series_scope import SeriesScope

if TYPE_CHECKING:
    from modeldeck.config.tables.gates import GateTable
    from modeldeck.domain.gates.settings import Gate

T = TypeVar("T")


def merge(given: Sequence[Settings]) -> tuple[dict[str, Setting], list[Problem]]:
    """Strongest layer first. The warnings say which of the file's settings another layer set aside."""
    layers = [_split_userinfo(layer) for layer in given]
    warnings: list[Problem] = []
    for table, address in ADDRESSES.items():
        layers = _without_foreign_table(layers, table, address, warnings)
    merged: dict[str, Setting] = {}
    for layer in layers:
        for name, setting in layer.items():
            winner = merged.setdefault(name, setting)
            if winner is not setting and setting.layer is Layer.FILE and winner.value != setting.value:
                warnings.append(Problem(Severity.WARNING, setting.place, name, f"is overridden by {winner.origin}"))
    for table in ADDRESSES:
        _one_credential(merged, table)
    return merged, warnings


def _split_userinfo(layer: Settings) -> dict[str, Setting]:
    """`https://me:secret@host/` → the address without them, and both as settings of the same origin, unless they stand there already."""
    split = dict(layer)
    for table, address in ADDRESSES.items():
        setting = split.get(address)
        scheme, mark, rest = str(setting.value).partition("://") if setting else ("", "", "")
        authority, slash, path = rest.partition("/")
        userinfo, at, host = authority.rpartition("@")
        if not (setting and mark and at):
            continue
        from urllib.parse import unquote

        username, colon, password = userinfo.partition(":")
        split[address] = replace(setting, value=f"{scheme}://{host}{slash}{path}")
        if username:
            split.setdefault(f"{table}.username", replace(setting, value=unquote(username)))
        if colon and password:
            split.setdefault(f"{table}.password", replace(setting, value=plain(unquote(password))))
    return split


def _origin_of(address: str) -> str:
    """Scheme, host and port: what a credential was given for."""
    if is_service(address):
        return address
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}".lower() if mark else address


def _without_foreign_table(layers: list[dict[str, Setting]], table: str, address: str, warnings: list[Problem]) -> list[dict[str, Setting]]:
    chosen = next((layer[address] for layer in layers if address in layer), None)
    kept = []
    for layer in layers:
        own = layer.get(address)
        if own and chosen and own.layer is Layer.FILE and _origin_of(str(own.value)) != _origin_of(str(chosen.value)):
            message = f"is overridden by {chosen.origin}, and with it the rest of the {table} table"
            warnings.append(Problem(Severity.WARNING, own.place, address, message))
            layer = {name: setting for name, setting in layer.items() if not name.startswith(table + ".")}
        kept.append(layer)
    return kept


def _one_credential(merged: dict[str, Setting], table: str) -> None:
    """Within one layer a user name with a password wins over a token, as in MLflow's own client."""
    token, username, password = (merged.get(f"{table}.{name}") for name in ("token", "username", "password"))
    dropped: tuple[str, ...] = ()
    if token and (password is None or username is None or token.layer < password.layer):
        dropped = ("username", "password")
    elif password and username:
        dropped = ("token",)
    for name in dropped:
        merged.pop(f"{table}.{name}", None)


def build(name: str, merged: Settings, environ: Mapping[str, str] | None) -> tuple[Environment, list[Problem]]:
    """The environment, its secrets read where `environ` is given (it feeds `…_env` and commands); else they are left out."""
    secrets: dict[str, Secret] = {}
    headers, problems = {}, list[Problem]()
    for table in ("prometheus", "alertmanager"):
        headers[table], wrong = _headers(table, merged.get(f"{table}.headers"), environ)
        problems += wrong
    for key, setting in merged.items():
        if BY_NAME[key].kind is not SECRET or environ is None:
            continue
        try:
            secrets[key] = read(cast("SecretSource", setting.value), environ)
        except InvalidValue as unfit:
            problems.append(Problem(Severity.ERROR, setting.place, key, str(unfit)))
    gate, gates, gate_problems, origins = _gates(merged)
    environment = replace(_environment(name, merged, secrets, headers), gate=gate, gates=gates)
    return replace(environment, origins={**environment.origins, **origins}), [*problems, *gate_problems]


def _headers(table: str, setting: Setting | None, environ: Mapping[str, str] | None) -> tuple[dict[str, Secret], list[Problem]]:
    """Their values; empty ones where they are not read."""
    found: dict[str, Secret] = {}
    problems: list[Problem] = []
    for name, kept in cast("dict[str, SecretSource]", setting.value).items() if setting else ():
        try:
            found[name] = read(kept, environ) if environ is not None else Secret("")
            if not found[name].reveal().isprintable():
                raise InvalidValue("expected one printable line of text")
        except InvalidValue as unfit:
            problems.append(Problem(Severity.ERROR, setting.place if setting else "", f"{table}.headers.{name}", str(unfit)))
    return found, problems


def _gates(merged: Settings) -> tuple[Gate | None, dict[str, Gate], list[Problem], dict[str, str]]:
    """The environment's gate, those of single models, what does not fit together in them, and where each key came from."""
    if "gate" not in merged and "gates" not in merged:
        return None, {}, [], {}
    shared = cast("GateTable | None", merged["gate"].value) if "gate" in merged else None
    own = cast("dict[str, GateTable]", merged["gates"].value) if "gates" in merged else {}
    laid = {model: table.over(shared) for model, table in own.items()}
    problems = shared.problems("gate") if shared is not None else []
    origins = dict(shared.origins("gate")) if shared is not None else {}
    for model, table in laid.items():
        told = {(problem.where, problem.message) for problem in problems}
        problems += [problem for problem in table.problems(f"gates.{model}") if (problem.where, problem.message) not in told]
        origins.update(own[model].origins(f"gates.{model}"))
    gates = {model: table.gate for model, table in laid.items()}
    return shared.gate if shared is not None else None, gates, problems, origins


class _Http(TypedDict):
    url: str
    username: str
    password: Secret | None
    token: Secret | None
    headers: Mapping[str, Secret]
    insecure_tls: bool
    ca_path: str


def _value(merged: Settings, key: str, default: T) -> T:
    return cast("T", merged[key].value) if key in merged else default


def _http(table: str, merged: Settings, secrets: Mapping[str, Secret], headers: Mapping[str, Mapping[str, Secret]]) -> _Http:
    """What an HttpTarget of that table is made of."""
    return {
        "url": _value(merged, f"{table}.url", ""),
        "username": _value(merged, f"{table}.username", ""),
        "password": secrets.get(f"{table}.password"),
        "token": secrets.get(f"{table}.token"),
        "headers": headers[table],
        "insecure_tls": _value(merged, f"{table}.insecure_tls", False),
        "ca_path": _value(merged, f"{table}.ca_path", ""),
    }


def _environment(name: str, merged: Settings, secrets: Mapping[str, Secret], headers: Mapping[str, Mapping[str, Secret]]) -> Environment:
    def get(key: str, default: T) -> T:
        return _value(merged, key, default)

    tables = {key.partition(".")[0] for key in merged if "." in key}
    uri = get("mlflow.uri", "")
    mlflow = MlflowTarget(
        uri=uri,
        username=get("mlflow.username", ""),
        password=secrets.get("mlflow.password"),
        token=secrets.get("mlflow.token"),
        insecure_tls=get("mlflow.insecure_tls", False),
        server_cert_path=get("mlflow.server_cert_path", ""),
        client_cert_path=get("mlflow.client_cert_path", ""),
        workspace=get("mlflow.workspace", ""),
        guessed="mlflow.uri" in merged and merged["mlflow.uri"].layer is Layer.DISCOVERY,
    )
    cluster = ClusterTarget(
        kubeconfig=get("kubernetes.kubeconfig", ""),
        context=get("kubernetes.context", ""),
        namespaces=get("kubernetes.namespaces", ()),
    )
    prometheus = PrometheusTarget(
        **_http("prometheus", merged, secrets, headers),
        client_cert_path=get("prometheus.client_cert_path", ""),
        client_key_path=get("prometheus.client_key_path", ""),
        scope=SeriesScope(**dict(get("prometheus.labels", ())), matchers=get("prometheus.matchers", ()), profiles=get("profiles", ())),
        guessed="prometheus.url" in merged and merged["prometheus.url"].layer is Layer.DISCOVERY,
    )
    alertmanager = HttpTarget(**_http("alertmanager", merged, secrets, headers))
    return Environment(
        name=name,
        mlflow=mlflow if uri else None,
        cluster=cluster if "kubernetes" in tables else None,
        prometheus=prometheus if prometheus.url else None,
        alertmanager=alertmanager if alertmanager.url else None,
        alerts=AlertPolicy(get("alerts", "warn")),
        silence=get("silence", None),
        read_only=get("read_only", False),
        protected=get("protected", False),
        approval=get("approval", False),
        theme=get("theme", ""),
        refresh=get("refresh", 5.0),
        champion=get("champion", "champion"),
        patterns=LinkPatterns(
            images=get("links.images", ()),
            labels=get("links.labels", ()),
            deployments=get("links.deployments", ()),
            versions=get("links.versions", ()),
        ),
        journal=get("journal", ""),
        objectives=get("objectives", ()),
        drift=get("drift", None),
        dashboards=get("dashboards", ()),
        origins={key: setting.origin for key, setting in merged.items()},
    )
