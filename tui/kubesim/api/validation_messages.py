"""The sentences of apimachinery's validation errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from kubesim.api.statuses import Cause

DNS_LABEL = (
    "a lowercase RFC 1123 label",
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    "must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
    "(e.g. 'my-name',  or '123-abc'",
    63,
)
DNS_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain",
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    "must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'example.com'",
    253,
)
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


def wrong(field: str, value: Any, message: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {_shown(value)}: {message}", field)


def required(field: str, message: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {message}" if message else "Required value", field)


def too_small(field: str, value: int) -> Cause:
    return wrong(field, value, "must be greater than or equal to 0")


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {_shown(value)}", field)


def not_supported(field: str, value: Any, allowed: Iterable[str]) -> Cause:
    choices = ", ".join(f'"{choice}"' for choice in allowed)
    return Cause("FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {choices}", field)


def name_problem(name: str, rule: tuple[str, str, str, int]) -> str | None:
    """Why `name` breaks the rule (DNS_LABEL or DNS_SUBDOMAIN), or None."""
    title, pattern, message, longest = rule
    if len(name) > longest:
        return f"must be no more than {longest} characters" if rule is DNS_SUBDOMAIN else f"must be no more than {longest} bytes"
    if not re.fullmatch(pattern, name):
        return f"{title} {message}, regex used for validation is '{pattern}')"
    return None


def label_problem(key: str) -> str | None:
    """Why `key` is no qualified name, or None."""
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or not re.fullmatch(DNS_SUBDOMAIN[1], prefix)):
        return f"prefix part {DNS_SUBDOMAIN[0]} {DNS_SUBDOMAIN[2]}, regex used for validation is '{DNS_SUBDOMAIN[1]}')"
    if not re.fullmatch(_QUALIFIED, name) or len(name) > 63:
        return (
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
            "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        )
    return None


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
