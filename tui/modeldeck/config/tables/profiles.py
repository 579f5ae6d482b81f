"""Metric profiles from TOML: servers that are not built in, or that are measured otherwise here.

[profiles.mine]
extends = "fastapi"
requests = 'predictions_total'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modeldeck.config.document import Document
from modeldeck.config.keys import meant
from modeldeck.config.kinds import WORD, InvalidValue, named
from modeldeck.config.tables.profile_keys import MOST_PROFILES, PROFILE, CounterSelector
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.servers import BUILT_IN, failed_of


def read_profiles(document: Document, path: tuple[str, ...], value: object) -> tuple[Profile, ...]:
    """The value of a `profiles` key, in the file's order. What is wrong is noted in the document."""
    if not isinstance(value, dict):
        document.error(path, f"expected a table for each server, such as [{'.'.join(path)}.mine], found {named(value)}")
        return ()
    if len(value) > MOST_PROFILES:
        document.error(path, f"expected at most {MOST_PROFILES} profiles, found {len(value)}")
        return ()
    read = (_profile(document, (*path, name), name, table) for name, table in value.items())
    return tuple(profile for profile in read if profile is not None)


def _profile(document: Document, path: tuple[str, ...], name: str, table: object) -> Profile | None:
    """None after what is wrong has been noted."""
    try:
        WORD.from_toml(name)
    except InvalidValue as unfit:
        document.error(path, str(unfit))
        return None
    if not isinstance(table, dict):
        document.error(path, f"expected a table, found {named(table)}")
        return None
    given, whole = _given(document, path, table)
    if whole and "extends" not in given and not (given.get("requests") or given.get("latency")):
        document.error(path, "expected requests, latency or extends, found none of them", "what is measured of a server is all that it is")
        return None
    return built(name, given) if whole else None


def _given(document: Document, path: tuple[str, ...], table: Mapping[str, object]) -> tuple[dict[str, Any], bool]:
    """(what is given, whether all of it is right)."""
    given: dict[str, Any] = {}
    for key, value in table.items():
        here = (*path, key)
        if key not in PROFILE:
            document.error(here, "unknown key", meant(key, list(PROFILE)))
            continue
        try:
            given[key] = PROFILE[key](value)
        except InvalidValue as unfit:
            document.error(here, str(unfit))
    return given, given.keys() == table.keys()


def built(name: str, given: Mapping[str, Any]) -> Profile:
    """The profile that these keys make. What belongs together changes together: other requests have failed ones of their own, another
    histogram its own unit and matchers."""
    extended = BUILT_IN.get(given.get("extends", ""))
    profile = replace(extended or Profile(name, ()), name=BUILT_IN[name].name if name in BUILT_IN else name)
    if "requests" in given:
        requests = given["requests"]
        profile = replace(
            profile,
            requests=tuple(Counter(one.metric, one.matchers) for one in requests),
            errors=tuple(failed_of(one.metric, one.matchers) for one in requests),
            errors_apart=False,
        )
    if "errors" in given:
        profile = replace(profile, errors=tuple(_errors(one, profile.requests) for one in given["errors"]))
    vouchers, blind_to = given.get("errors_sure_with", ()), given.get("errors_leave_out", "")
    if vouchers or blind_to:
        errors = (replace(one, vouchers=vouchers or one.vouchers, blind_to=blind_to or one.blind_to) for one in profile.errors)
        profile = replace(profile, errors=tuple(errors))
    if "latency" in given:
        profile = replace(profile, latency=given["latency"], latency_matchers="", latency_of_all="", latency_scale=1.0)
    if given.get("latency_of_all") and profile.latency:
        profile = replace(profile, latency_of_all=profile.latency[0])
    if "first_token" in given:
        profile = replace(profile, first_token=given["first_token"], first_token_scale=1.0)
    if "saturation" in given:
        kinds = {gauge.kind for gauge in given["saturation"]}
        others = tuple(gauge for gauge in profile.saturation if gauge.kind not in kinds)
        profile = replace(profile, saturation=(*given["saturation"], *others))
    fields = {
        "latency_matchers": "latency_matchers",
        "latency_unit": "latency_scale",
        "beside": "signs",
        "first_token_unit": "first_token_scale",
    }
    fields |= {key: key for key in ("errors_apart", "versions", "predictions", "requests_by")}
    profile = replace(profile, **{field: given[key] for key, field in fields.items() if key in given})
    return replace(profile, **_detected(given))


def _errors(one: CounterSelector, requests: tuple[Counter, ...]) -> Counter:
    """A counter of its own, some series of one by their labels, or the failed ones of the requests by a label that is looked up."""
    if not one.wanted and one.metric in {counter.metric for counter in requests}:
        return failed_of(one.metric, one.matchers)
    return Counter(one.metric, one.matchers, carried=one.wanted)


def _detected(given: Mapping[str, Any]) -> dict[str, Any]:
    """By which metrics the server is told: those that are named for it, else those that it is measured by. What is said of neither stays as
    it is extended."""
    if "detect" in given:
        return {"probes": given["detect"], "signs": given.get("beside", ())}
    own = (*(one.metric for one in given.get("requests", ())), *(f"{name}_bucket" for name in given.get("latency", ())))
    return {"probes": own, "signs": given.get("beside", ())} if own else {}
