"""The three forms an answer can take: the objects themselves, a table for kubectl, or metadata only."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.events_v1 import to_new
from kubesim.api.kinds import Kind, Object
from kubesim.http import tables
from kubesim.storage.store import Entry, encode
from kubesim.storage.watching import line

PLAIN, TABLE, METADATA = "", "Table", "PartialObjectMetadata"
_META_VERSION = "meta.k8s.io/v1"


def form_of(accept: str) -> str:
    """The first form that the client takes and that we have."""
    for part in accept.replace(" ", "").split(","):
        options = dict(option.partition("=")[::2] for option in part.split(";")[1:])
        if options.get("as") == TABLE and options.get("v") == "v1":
            return TABLE
        if options.get("as", "").startswith(METADATA) and options.get("v") == "v1":
            return METADATA
        if part.split(";")[0] in ("application/json", "*/*", "application/*") and "as" not in options:
            return PLAIN
    return PLAIN


class Renderer:
    """Renders entries of one kind for one request."""

    def __init__(self, kind: Kind, accept: str, include: str) -> None:
        self._kind = kind
        self._form = form_of(accept)
        self._include = include or "Metadata"
        self._rows_sent = False

    @property
    def cells(self) -> bool:
        return self._form == TABLE

    def object(self, obj: Object) -> bytes:
        """A single object, decoded (it may not be stored, in a dry run)."""
        if self._form == TABLE:
            meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return encode(tables.table(self._kind, [obj], meta, self._include))
        if self._form == METADATA:
            return encode({"kind": METADATA, "apiVersion": _META_VERSION, "metadata": obj["metadata"]})
        shown = to_new(obj) if self._converted else obj
        return self._kind.head + encode(shown)[1:]

    @property
    def _converted(self) -> bool:
        return self._kind.group == "events.k8s.io"

    def entry(self, entry: Entry) -> bytes:
        """A single stored object: its bytes as they are, when nothing has to be changed."""
        if self._form == PLAIN and not self._converted:
            return self._kind.head + entry.raw[1:]
        return self.object(entry.object())

    def list(self, entries: Sequence[Entry], meta: Object) -> bytes:
        if self._form == TABLE:
            return encode(tables.table(self._kind, (entry.object() for entry in entries), meta, self._include))
        if self._form == METADATA:
            items = [{"kind": METADATA, "apiVersion": _META_VERSION, "metadata": entry.object()["metadata"]} for entry in entries]
            return encode({"kind": METADATA + "List", "apiVersion": _META_VERSION, "metadata": meta, "items": items})
        raws = [encode(to_new(entry.object())) if self._converted else entry.raw for entry in entries]
        head = f'{{"kind":"{self._kind.kind}List","apiVersion":"{self._kind.api_version}","metadata":'.encode()
        return b"".join((head, encode(meta), b',"items":[', b",".join(raws), b"]}\n"))

    def event(self, type_: str, entry: Entry) -> bytes:
        """One line of a watch. Of a table only the first event has the columns."""
        if self._form != TABLE:
            return line(type_, self.entry(entry))
        obj = entry.object()
        shown = tables.table(self._kind, [obj], {"resourceVersion": str(entry.version)}, self._include)
        if self._rows_sent:
            shown["columnDefinitions"] = None
        self._rows_sent = True
        return line(type_, encode(shown))
