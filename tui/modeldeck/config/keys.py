"""The one table of settings: its key in the file, its kind, the environment variable and the flag that stand for it."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.config.kinds import (
    ALERTS,
    CHOSEN,
    DRIFT,
    FILES,
    GATE,
    GATES,
    HEADERS,
    HTTP,
    IMAGES,
    LABELS,
    MATCHERS,
    NAMESPACES,
    OBJECTIVES,
    PATH,
    PATHS,
    POD_LABELS,
    PROFILES,
    PROMETHEUS,
    SECONDS,
    SECRET,
    SILENCE,
    STATED,
    SWITCH,
    TEXT,
    THEME,
    TRACKING_URI,
    WORD,
    SettingKind,
)


@dataclass(frozen=True, slots=True)
class Key:
    """`name` is dotted below `[environments.NAME]`; `flag` names the field of Flags. "" where there is no variable or flag."""

    name: str
    kind: SettingKind
    variable: str = ""
    flag: str = ""
    everywhere: bool = False
    """Whether it may also stand at the top of the file, for all environments."""


KEYS = (
    Key("mlflow.uri", TRACKING_URI, "MLFLOW_TRACKING_URI", "tracking_uri"),
    Key("mlflow.username", TEXT, "MLFLOW_TRACKING_USERNAME"),
    Key("mlflow.password", SECRET, "MLFLOW_TRACKING_PASSWORD"),
    Key("mlflow.token", SECRET, "MLFLOW_TRACKING_TOKEN"),
    Key("mlflow.insecure_tls", SWITCH, "MLFLOW_TRACKING_INSECURE_TLS"),
    Key("mlflow.server_cert_path", PATH, "MLFLOW_TRACKING_SERVER_CERT_PATH"),
    Key("mlflow.client_cert_path", PATH, "MLFLOW_TRACKING_CLIENT_CERT_PATH"),
    Key("mlflow.workspace", TEXT, "MLFLOW_WORKSPACE"),
    Key("kubernetes.kubeconfig", PATHS, "KUBECONFIG", "kubeconfig"),
    Key("kubernetes.context", TEXT, "MODELDECK_CONTEXT", "context"),
    Key("kubernetes.namespaces", NAMESPACES, "MODELDECK_NAMESPACES", "namespaces"),
    Key("prometheus.url", PROMETHEUS, "PROMETHEUS_URL", "prometheus_url"),
    Key("prometheus.username", TEXT, "PROMETHEUS_USERNAME"),
    Key("prometheus.password", SECRET, "PROMETHEUS_PASSWORD"),
    Key("prometheus.token", SECRET, "PROMETHEUS_TOKEN"),
    Key("prometheus.headers", HEADERS),
    Key("prometheus.labels", POD_LABELS),
    Key("prometheus.matchers", MATCHERS),
    Key("prometheus.insecure_tls", SWITCH, "PROMETHEUS_INSECURE_TLS"),
    Key("prometheus.ca_path", PATH, "PROMETHEUS_CA_PATH"),
    Key("prometheus.client_cert_path", PATH, "PROMETHEUS_CLIENT_CERT_PATH"),
    Key("prometheus.client_key_path", PATH, "PROMETHEUS_CLIENT_KEY_PATH"),
    Key("alertmanager.url", HTTP, "ALERTMANAGER_URL"),
    Key("alertmanager.username", TEXT),
    Key("alertmanager.password", SECRET),
    Key("alertmanager.token", SECRET),
    Key("alertmanager.headers", HEADERS),
    Key("alertmanager.insecure_tls", SWITCH),
    Key("alertmanager.ca_path", PATH),
    Key("links.images", IMAGES),
    Key("links.labels", LABELS),
    Key("links.deployments", CHOSEN),
    Key("links.versions", STATED),
    Key("read_only", SWITCH, "MODELDECK_READ_ONLY", "read_only", everywhere=True),
    Key("protected", SWITCH, everywhere=True),
    Key("approval", SWITCH, everywhere=True),
    Key("theme", THEME, "MODELDECK_THEME", "theme", everywhere=True),
    Key("refresh", SECONDS, "MODELDECK_REFRESH", everywhere=True),
    Key("champion", WORD, everywhere=True),
    Key("journal", PATH, "MODELDECK_JOURNAL", everywhere=True),
    Key("alerts", ALERTS, everywhere=True),
    Key("silence", SILENCE, everywhere=True),
    Key("dashboards", FILES, everywhere=True),
    Key("gate", GATE, "MODELDECK_GATE", everywhere=True),
    Key("gates", GATES, everywhere=True),
    Key("profiles", PROFILES, everywhere=True),
    Key("objectives", OBJECTIVES, everywhere=True),
    Key("drift", DRIFT, everywhere=True),
)
BY_NAME = {key.name: key for key in KEYS}
ADDRESSES = {"mlflow": "mlflow.uri", "prometheus": "prometheus.url", "alertmanager": "alertmanager.url"}
"""Table → the key that says whom its credentials are for."""
TABLES = ("mlflow", "kubernetes", "prometheus", "alertmanager", "links")
SECRET_FORMS = ("_file", "_env", "_command")
CONTROL_VARIABLES = ("MODELDECK_ENVIRONMENT", "MODELDECK_CONFIG", "MODELDECK_SANDBOX_STATE")
"""Variables that choose something other than one setting of an environment."""


def spellings(key: Key) -> tuple[str, ...]:
    """The names under which a key may stand in the file: a secret has four."""
    if key.kind is not SECRET:
        return (key.name,)
    return (key.name, *(key.name + form for form in SECRET_FORMS))


def meant(word: str, candidates: list[str], *, likeness: float = 0.6) -> str:
    """ "did you mean `uri`?" for the nearest candidate; "" where none is at least that much alike (1: the same)."""
    from difflib import get_close_matches

    near = get_close_matches(word, candidates, n=1, cutoff=likeness)
    return f"did you mean `{near[0]}`?" if near else ""
