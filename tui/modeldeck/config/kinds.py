"""The kinds of value that a setting can have: how each is read from TOML and from text, and the words for what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from modeldeck.domain.kubernetes.service_scheme import is_service


class InvalidValue(ValueError):
    """A value that is not of its kind. The text says what was expected and, where that is safe, what was found."""


@dataclass(frozen=True, slots=True, eq=False)
class SettingKind:
    """`from_toml` reads a TOML value, `from_text` a flag or an environment variable; both raise InvalidValue.

    Two kinds are the same only when they are one object: some read alike and are used differently.
    """

    from_toml: Callable[[object], object]
    from_text: Callable[[str], object]


def named(value: object) -> str:
    """The TOML name of a value's type."""
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "an array", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")


def without_userinfo(address: str) -> str:
    """The address with everything before its last @ taken out, so that it can be shown. Works on what does not parse, too."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address.rpartition("@")[2]
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def shown(address: str) -> str:
    """An address as it may be seen by others: without userinfo, and without its query and fragment, which may hold a token."""
    place, mark, _ = re.sub(r"[?#].*", "?", without_userinfo(address), flags=re.DOTALL).partition("?")
    return f"{place}?…" if mark else place


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"expected a string, found {named(value)}")
    if not value.strip():
        raise InvalidValue("expected a value, found an empty string")
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise InvalidValue("expected one line of text, found a control character")
    return value


def _word(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[\w.-]+", text):
        raise InvalidValue(f"expected letters, digits, '.', '_' and '-', found {text!r}")
    return text


def _has_port(authority: str) -> bool:
    host = authority.rpartition("@")[2]
    port = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::(\d{1,5}))?", host)
    return bool(port) and int(port[1] or 1) in range(1, 65536) if port else False


def _http(value: object) -> str:
    text = _text(value)
    match = re.fullmatch(r"https?://([^/?#\s]+)([/?#]\S*)?", text, re.IGNORECASE)
    if not match or not _has_port(match[1]):
        raise InvalidValue(f"expected an http(s) address such as http://127.0.0.1:9090, found {shown(text)!r}")
    return text.rstrip("/")


def _prometheus(value: object) -> str:
    """http(s), or a service behind the API server's proxy."""
    text = _text(value)
    if not is_service(text):
        return _http(text)
    from modeldeck.domain.kubernetes.service_address import service_address  # only where there is one

    if service_address(text) is None:
        raise InvalidValue(f"expected a service as kubernetes://NAMESPACE/NAME:PORT, found {shown(text)!r}")
    return text.rstrip("/")


def _tracking_uri(value: object) -> str:
    """http(s) is checked here; every other scheme is the affair of mlflow's own client."""
    text = _text(value)
    if re.match(r"https?:", text, re.IGNORECASE):
        return _http(text)
    if re.fullmatch(r"[\w.-]+:\d+(/.*)?", text):
        raise InvalidValue(f"expected a tracking URI with its scheme, found {shown(text)!r}: did you mean 'http://{shown(text)}'?")
    return text


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(f"expected true or false, found {named(value)}")
    return value


def _switch_text(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in ("true", "1", "yes", "on"):
        return True
    if lowered in ("false", "0", "no", "off"):
        return False
    raise InvalidValue(f"expected true or false, found {text!r}")


SHORTEST, LONGEST = 0.5, 3600.0


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidValue(f"expected a number of seconds, found {named(value)}")
    if not SHORTEST <= value <= LONGEST:
        raise InvalidValue(f"expected {SHORTEST:g} to {LONGEST:g} seconds, found {value}")
    return float(value)


def _seconds_text(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InvalidValue(f"expected a number of seconds, found {text!r}") from None
    return _seconds(number)


def _namespace(value: object) -> str:
    text = _text(value)
    if text != "*" and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text):
        raise InvalidValue(f"expected a namespace (lower-case letters, digits and '-') or '*', found {text!r}")
    return text


def _namespaces(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_namespace(value),)
    if not isinstance(value, list):
        raise InvalidValue(f"expected an array of namespaces, found {named(value)}")
    return tuple(_namespace(each) for each in value)


def _namespaces_text(text: str) -> tuple[str, ...]:
    return tuple(_namespace(part.strip()) for part in text.split(","))


HEADER_FORMS = ("file", "env", "command")
"""Where a header's value may be kept instead: `{ file = "key" }`."""


def _headers(value: object) -> dict[str, str | dict[str, object]]:
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a table of header names and values, found {named(value)}")
    for name, text in value.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise InvalidValue(f"expected a header name, found {name!r}")
        if isinstance(text, dict):
            if len(text) != 1 or next(iter(text)) not in HEADER_FORMS:
                raise InvalidValue(f'expected {{ file = "…" }}, {{ env = "…" }} or {{ command = "…" }} for the header {name}')
        elif not isinstance(text, str) or not text.isprintable():
            raise InvalidValue(f"expected a printable string for the header {name}")
    return dict(value)


def _images(value: object) -> tuple[str, ...]:
    patterns = value if isinstance(value, list) else [value]
    for pattern in map(_text, patterns):
        if pattern.count("{version}") != 1 or pattern.count("{model}") > 1:
            raise InvalidValue(f"expected a pattern with {{version}} once and {{model}} at most once, found {pattern!r}")
    return tuple(patterns)


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a table of label keys and model names, found {named(value)}")
    return tuple((key, _text(model)) for key, model in value.items())


def _chosen(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a table of deployments (namespace/name) and the place that serves, found {named(value)}")
    for key in value:
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", key):
            raise InvalidValue(f"expected a deployment as 'namespace/name', found {key!r}")
    return tuple((key, ",".join(map(_text, place)) if isinstance(place, list) else _text(place)) for key, place in value.items())


def _stated(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a table of metrics and the label that holds the registered version, found {named(value)}")
    for metric, label in value.items():
        if not re.fullmatch(r"[A-Za-z_:][A-Za-z0-9_:]*", metric):
            raise InvalidValue(f"expected the name of a metric, found {metric!r}")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", _text(label)):
            raise InvalidValue(f"expected the name of a label, found {label!r}")
    return tuple((metric, str(label)) for metric, label in value.items())


def _files(value: object) -> tuple[str, ...]:
    if not isinstance(value, (str, list)):
        raise InvalidValue(f"expected an array of files, found {named(value)}")
    return tuple(map(_text, [value] if isinstance(value, str) else value))


_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_MATCHER = re.compile(r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*""")
_NAMED_BY = ("pod", "namespace", "instance")


def _pod_labels(value: object) -> tuple[tuple[str, str], ...]:
    """Which of Prometheus' labels name a series' pod: {pod = "kubernetes_pod_name", namespace = "kubernetes_namespace"}."""
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a table of pod, namespace or instance and the label's name, found {named(value)}")
    for name, label in value.items():
        if name not in _NAMED_BY:
            raise InvalidValue(f"expected pod, namespace or instance, found {name!r}")
        if not isinstance(label, str) or not _LABEL.fullmatch(label):
            raise InvalidValue(f"expected the name of a label for {name}, found {label!r}")
    if "instance" in value and len(value) > 1:
        raise InvalidValue("expected either instance, or pod and namespace")
    return tuple(value.items())


def _matchers(value: object) -> tuple[str, ...]:
    """`cluster="prod"`, several of them joined by commas or in an array, or a table {cluster = "prod"}."""
    if isinstance(value, dict):
        for label, text in value.items():
            if not _LABEL.fullmatch(label):
                raise InvalidValue(f"expected the name of a label, found {label!r}")
            _text(text)
        return tuple(f'{label}="{_escaped(text)}"' for label, text in value.items())
    found: list[str] = []
    for text in map(_text, value if isinstance(value, list) else [value]):
        at = 0
        while at < len(text):
            match = _MATCHER.match(text, at)
            if match is None or (match.end() < len(text) and text[match.end()] != ","):
                raise InvalidValue(f'expected matchers such as cluster="prod", found {text!r}')
            found.append(f"{match[1]}{match[2]}{match[3]}")
            at = match.end() + 1
    if not found:
        raise InvalidValue("expected at least one matcher, found none")
    return tuple(found)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _alerts(value: object) -> str:
    if value not in ("refuse", "warn", "ignore"):
        raise InvalidValue(f'expected "refuse", "warn" or "ignore", found {value!r}')
    return str(value)


def _silence(value: object) -> tuple[str, ...] | None:
    if isinstance(value, bool):
        return () if value else None
    if not isinstance(value, list) or not value:
        raise InvalidValue(f"expected true, false or an array of alerts' names, found {named(value)}")
    if len(value) > 50:
        raise InvalidValue(f"expected at most 50 alerts' names, found {len(value)}")
    return tuple(map(_text, value))


def _not_as_text(text: str) -> object:
    raise InvalidValue("expected in the file only")


def _as_table(value: object) -> object:
    raise InvalidValue("expected a table")


TEXT = SettingKind(_text, _text)
WORD = SettingKind(_word, _word)
HTTP = SettingKind(_http, _http)
TRACKING_URI = SettingKind(_tracking_uri, _tracking_uri)
SWITCH = SettingKind(_switch, _switch_text)
SECONDS = SettingKind(_seconds, _seconds_text)
NAMESPACES = SettingKind(_namespaces, _namespaces_text)
PROMETHEUS = SettingKind(_prometheus, _prometheus)
HEADERS = SettingKind(_headers, _not_as_text)
"""Values are kept as secrets are."""
IMAGES = SettingKind(_images, _not_as_text)
LABELS = SettingKind(_labels, _not_as_text)
CHOSEN = SettingKind(_chosen, _not_as_text)
STATED = SettingKind(_stated, _not_as_text)
POD_LABELS = SettingKind(_pod_labels, _not_as_text)
MATCHERS = SettingKind(_matchers, _not_as_text)
"""PromQL's."""
ALERTS = SettingKind(_alerts, _alerts)
"""What a plan makes of alerts that fire."""
SILENCE = SettingKind(_silence, _not_as_text)
"""None, all, or the names of alerts."""
PATH = SettingKind(_text, _text)
"""A file, relative to the configuration file where it stands there; `~` is the home folder."""
FILES = SettingKind(_files, _not_as_text)
"""Several of them, as PATH."""
THEME = SettingKind(_text, _text)
"""A theme's name, or a file as PATH where it ends with .toml or has a slash."""
PATHS = SettingKind(_text, _text)
"""Files joined by os.pathsep, as KUBECONFIG."""
SECRET = SettingKind(_text, _text)
"""In the file also as `…_file`, `…_env` or `…_command`. Never quoted in an error."""
GATE = SettingKind(_as_table, _not_as_text)
GATES = SettingKind(_as_table, _not_as_text)
PROFILES = SettingKind(_as_table, _not_as_text)
OBJECTIVES = SettingKind(_as_table, _not_as_text)
DRIFT = SettingKind(_as_table, _not_as_text)
"""Tables with keys and problems of their own: tui/modeldeck/config/tables/ reads them."""
