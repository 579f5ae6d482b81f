"""Lists: selectors, pages of one consistent snapshot, and the semantics of resourceVersion."""

from __future__ import annotations

import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.api.kinds import Kind, Object
from kubesim.api.selectors import Selector, parse_fields, parse_labels
from kubesim.api.statuses import (
    ApiError,
    Cause,
    bad_request,
    expired,
    internal,
    invalid_named,
    too_large_version,
)
from kubesim.storage.store import Entry, Store
from kubesim.storage.watching import Scope, Wish

_SNAPSHOTS = 64
_WATCH_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Page:
    """`entries`, and the list's metadata (resourceVersion, continue, remainingItemCount)."""

    entries: Sequence[Entry]
    meta: Object


class Lister:
    """Serves lists. Entries are immutable, so a snapshot for later pages is a list of references."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshots: OrderedDict[tuple[str, int], list[Entry]] = OrderedDict()

    def page(self, scope: Scope, query: dict[str, str]) -> Page:
        """One page (or all) of what the scope holds; raises 400, 410 or 504 as a real server would."""
        limit = _number(query.get("limit", ""), "limit")
        token = query.get("continue", "")
        if token:
            version, after = _read_token(token)
            entries = self._later(scope, version, after)
        else:
            _check_version(query, self._store.version)
            version = self._store.version
            entries = [entry for entry in self._store.scan(scope.kind, scope.namespace) if scope.holds(entry)]
        meta: Object = {"resourceVersion": str(version)}
        if limit and len(entries) > limit:
            shown = entries[:limit]
            self._keep(scope, version, entries)
            meta["continue"] = _write_token(version, shown[-1].key)
            if not scope.labels and not scope.fields:
                meta["remainingItemCount"] = len(entries) - limit
            return Page(shown, meta)
        return Page(entries, meta)

    def _keep(self, scope: Scope, version: int, entries: list[Entry]) -> None:
        self._snapshots[_snapshot_name(scope), version] = entries
        self._snapshots.move_to_end((_snapshot_name(scope), version))
        while len(self._snapshots) > _SNAPSHOTS:
            self._snapshots.popitem(last=False)

    def _later(self, scope: Scope, version: int, after: str) -> list[Entry]:
        entries = self._snapshots.get((_snapshot_name(scope), version))
        if entries is None:
            raise _lost_snapshot(self._store.version, after)
        return [entry for entry in entries if entry.key > after]


def _snapshot_name(scope: Scope) -> str:
    return f"{scope.kind.table}|{scope.namespace}|{scope.labels}|{scope.fields}"


def _lost_snapshot(version: int, after: str) -> ApiError:
    error = expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
        "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing "
        "with the provided token results in an inconsistent list - objects that were created, modified, or deleted between "
        "the time the first chunk was returned and now may show up in the list."
    )
    error.details = {"continue": _write_token(version, after)}
    return error


def scope_of(kind: Kind, namespace: str, name: str, query: dict[str, str]) -> Scope:
    fields = parse_fields(kind, query.get("fieldSelector", ""))
    if name:
        fields = Selector((*fields.requirements, *parse_fields(kind, f"metadata.name={name}").requirements))
    return Scope(kind, namespace, parse_labels(query.get("labelSelector", "")), fields)


def wish_of(query: dict[str, str]) -> Wish:
    """How to watch; raises what a real server answers to nonsense, before the stream starts."""
    text = query.get("resourceVersion", "")
    if text and not text.isdigit():
        raise _bad_version(text)
    bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
    initial = query.get("sendInitialEvents")
    if initial == "true" and (not bookmarks or query.get("resourceVersionMatch") != "NotOlderThan"):
        message = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise invalid_named(
            "ListOptions.meta.k8s.io",
            "meta.k8s.io",
            "ListOptions",
            "",
            [Cause("FieldValueForbidden", f"Forbidden: {message}", "resourceVersionMatch")],
        )
    seconds = _number(query.get("timeoutSeconds", ""), "timeoutSeconds")
    version = int(text or 0)
    start = None if initial == "true" or version == 0 else version
    return Wish(start, bookmarks, initial == "true", float(seconds) if seconds else _WATCH_SECONDS)


def _check_version(query: dict[str, str], current: int) -> None:
    text = query.get("resourceVersion", "")
    match = query.get("resourceVersionMatch", "")
    if text and not text.isdigit():
        raise _bad_version(text)
    wanted = int(text or 0)
    if wanted > current:
        raise too_large_version(wanted, current)
    if match == "Exact" and wanted not in (0, current):
        raise expired(f"The resourceVersion for the provided list is too old: {wanted}")


def _bad_version(text: str) -> ApiError:
    return internal(f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax')


def _number(text: str, name: str) -> int:
    if not text:
        return 0
    if not text.lstrip("-").isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise bad_request(f"{name} may not be negative")
    return int(text)


def _write_token(version: int, key: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": key + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(decoded["rv"]), str(decoded["start"]).rstrip("\0")
    except (binascii.Error, ValueError, KeyError, TypeError) as problem:
        raise bad_request(f"invalid continue token: continue key is not valid: {problem}") from None
