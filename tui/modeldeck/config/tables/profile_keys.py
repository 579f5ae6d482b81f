"""The keys of a metric profile, and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modeldeck.config.kinds import MATCHERS, SWITCH, TEXT, InvalidValue, named
from modeldeck.domain.metrics.profiles.profile import SERVER
from modeldeck.domain.metrics.profiles.saturation import Gauge, SaturationKind, SaturationUnit
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.profiles.sidecars import KEYS

Fit = Callable[[object], object]

MOST_PROFILES, MOST_NAMES, LONGEST_NAME = 30, 20, 200
"""Everything that is named is asked for in one question."""
UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SELECTOR = re.compile(r"\s*([^{}\s]+)\s*(?:\{(.*)\})?\s*", re.DOTALL)
_MATCHER = re.compile(r"""([A-Za-z_][A-Za-z0-9_]*)(=~|!~|!=|=)(["'])(.*)\3""", re.DOTALL)
_NO_ESCAPE = re.compile(r"\\[^abfnrtvxuU0-7\"']")
_NOT_RE2 = re.compile(r"\(\?(?:=|!|<=|<!|>|\()|\\[1-9]")
_POSSESSIVE = re.compile(r"[*+?}]\+")
_REPEATED = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")


@dataclass(frozen=True, slots=True)
class CounterSelector:
    """A counter as it stands in the file: `name{label="value"}`."""

    metric: str
    matchers: str = ""
    wanted: tuple[str, ...] = ()
    """The labels of which a value is wanted, so that a series without one does not match."""


def _several(one: Callable[[object], object], what: str) -> Fit:
    def fit(value: object) -> tuple[object, ...]:
        found = value if isinstance(value, list) else [value]
        if len(found) > MOST_NAMES:
            raise InvalidValue(f"expected at most {MOST_NAMES} {what}, found {len(found)}")
        return tuple(one(each) for each in found)

    return fit


def _metric(value: object) -> str:
    text = str(TEXT.from_toml(value)).strip()
    if len(text) > LONGEST_NAME:
        raise InvalidValue(f"expected the name of a metric, found {len(text)} characters")
    if not _METRIC.fullmatch(text):
        raise InvalidValue(f"expected the name of a metric (letters, digits, '_' and ':'), found {text!r}")
    return text


def _histogram(value: object) -> str:
    name = _metric(value)
    for end in ("_bucket", "_sum", "_count"):
        if name.endswith(end):
            raise InvalidValue(f"expected the name of a histogram without {end}: did you mean {name.removesuffix(end)!r}?")
    return name


def _selector(value: object) -> CounterSelector:
    text = str(TEXT.from_toml(value))
    match = _SELECTOR.fullmatch(text)
    if match is None:
        raise InvalidValue(f"expected a metric with its matchers, such as 'requests_total{{route=\"/predict\"}}', found {text!r}")
    found = _matchers(match[2]) if match[2] and match[2].strip() else ()
    parts = (one for each in found if (one := _MATCHER.fullmatch(each)) is not None)
    wanted = (one[1] for one in parts if one[2] in ("=", "=~") and one[4] not in ("", ".*"))
    return CounterSelector(_metric(match[1]), ",".join(found), tuple(dict.fromkeys(wanted)))


def _matchers(value: object) -> tuple[str, ...]:
    found = MATCHERS.from_toml(value)
    assert isinstance(found, tuple)
    for each in found:
        match = _MATCHER.fullmatch(each)
        if match is None:
            continue
        if _NO_ESCAPE.search(match[4].replace("\\\\", "")):
            raise InvalidValue(f"expected each backslash twice, as PromQL has it within quotes, found {each!r}")
        if match[2] in ("=~", "!~"):
            _regular(match[4].replace("\\\\", "\\"))
    return found


def _regular(text: str) -> None:
    """One wrong expression would have Prometheus refuse every figure of the fleet."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise InvalidValue(f"expected a regular expression, found {text!r}: {error}") from None
    plain = re.sub(r"\\.|\[[^\]]*\]", "x", text, flags=re.DOTALL)
    if (
        _NOT_RE2.search(text)
        or _POSSESSIVE.search(plain)
        or any(int(count) > 1000 for found in _REPEATED.findall(text) for count in found if count)
    ):
        expected = "an expression that Prometheus knows (RE2: no look-around, no references, nothing possessive, at most 1000 repetitions)"
        raise InvalidValue(f"expected {expected}, found {text!r}")


histograms: Fit = _several(_histogram, "histograms")
"""One name or several, without `_bucket`."""


def _extended(value: object) -> str:
    if not isinstance(value, str) or value not in BUILT_IN:
        raise InvalidValue(f"expected one of {', '.join(BUILT_IN)}, found {value!r}")
    return value


def _unit(value: object) -> float:
    if not isinstance(value, str) or value not in UNITS:
        raise InvalidValue(f"expected one of {', '.join(UNITS)}, found {value!r}")
    return UNITS[value]


def _versions(value: object) -> tuple[str, str]:
    if not isinstance(value, dict) or len(value) != 1:
        found = f"{len(value)} entries" if isinstance(value, dict) else named(value)
        raise InvalidValue(f'expected one metric and its label, such as {{ model_version_info = "version" }}, found {found}')
    ((metric, label),) = value.items()
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        raise InvalidValue(f"expected the name of a label, found {label!r}")
    return _metric(metric), label


def _counting(value: object) -> str:
    if value not in (SERVER, *KEYS):
        raise InvalidValue(f"expected one of {', '.join((SERVER, *KEYS))}, found {value!r}")
    return str(value)


def _saturation(value: object) -> tuple[Gauge, ...]:
    if not isinstance(value, dict):
        raise InvalidValue(f'expected a table, such as {{ queue = "requests_waiting" }}, found {named(value)}')
    found: list[Gauge] = []
    for name, given in value.items():
        if name not in list(SaturationKind):
            raise InvalidValue(f"expected {', '.join(SaturationKind)}, found {name!r}")
        several = given if isinstance(given, list) else [given]
        if len(several) > MOST_NAMES:
            raise InvalidValue(f"{name}: expected at most {MOST_NAMES} gauges, found {len(several)}")
        found += [_gauge(SaturationKind(name), each) for each in several]
    return tuple(found)


def _gauge(kind: SaturationKind, value: object) -> Gauge:
    """`"busy"`, or `{ metric = "busy", unit = "percent" }` where it does not count in the unit of its kind."""
    units = _GAUGE_UNITS[kind.unit]
    if isinstance(value, dict):
        if value.keys() != {"metric", "unit"} or value["unit"] not in list(units) or len(units) < 2:
            table = f" or a table of metric and unit ({', '.join(units)})" if len(units) > 1 else ""
            raise InvalidValue(f"{kind}: expected a gauge{table}, found {value!r}")
        selector, scale = _selector(value["metric"]), units[str(value["unit"])]
    else:
        selector, scale = _selector(value), 1.0
    return Gauge(kind, selector.metric, selector.matchers, scale)


_GAUGE_UNITS: Mapping[SaturationUnit, Mapping[str, float]] = {
    SaturationUnit.REQUESTS: {"requests": 1.0},
    SaturationUnit.SECONDS: UNITS,
    SaturationUnit.SHARE: {"share": 1.0, "percent": 0.01},
}

PROFILE: Mapping[str, Fit] = {
    "extends": _extended,
    "detect": _several(_metric, "metrics"),
    "beside": _several(_metric, "metrics"),
    "requests": _several(_selector, "counters"),
    "requests_by": _counting,
    "errors": _several(_selector, "counters"),
    "errors_apart": SWITCH.from_toml,
    "errors_sure_with": _several(_metric, "metrics"),
    "errors_leave_out": TEXT.from_toml,
    "latency": histograms,
    "latency_matchers": lambda value: ",".join(_matchers(value)),
    "latency_unit": _unit,
    "latency_of_all": SWITCH.from_toml,
    "versions": _versions,
    "predictions": _histogram,
    "saturation": _saturation,
    "first_token": _several(_histogram, "histograms"),
    "first_token_unit": _unit,
}
"""Key → what makes of a TOML value what is meant; raises InvalidValue."""
