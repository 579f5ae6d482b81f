"""One function per verb: from a parsed request to the bytes of the answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from kubesim.admission import strategies
from kubesim.api import events_v1
from kubesim.api.kinds import EVENTS, PODS, Kind, Object
from kubesim.api.statuses import ApiError, bad_request, conflict, invalid_named, unsupported_media
from kubesim.api.validation_messages import required
from kubesim.auth.access import Authorizer
from kubesim.controllers import scheduling
from kubesim.http import protobuf, reviews
from kubesim.http.rendering import Renderer
from kubesim.http.requests import Request
from kubesim.http.scaling import as_scale, replicas_of
from kubesim.patching import managed_fields, server_side_apply
from kubesim.patching.json_patch import json_patch, merge_patch
from kubesim.patching.managed_fields import Owner
from kubesim.patching.strategic_merge import strategic_merge
from kubesim.registry import deletion
from kubesim.registry.registry import Registry, Write
from kubesim.storage.listing import Lister, scope_of, wish_of
from kubesim.storage.store import encode
from kubesim.storage.watching import Hub

_JSON_PATCH, _MERGE, _STRATEGIC, _APPLY = (
    f"application/{name}" for name in ("json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Either a whole body or a stream of chunks."""

    status: int
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    content_type: str = "application/json"


class Handlers:
    """The verbs on stored resources and reviews. Logs are elsewhere."""

    def __init__(self, registry: Registry, hub: Hub, authorizer: Authorizer) -> None:
        self._registry = registry
        self._hub = hub
        self._authorizer = authorizer
        self._lister = Lister(registry.store)

    def handle(self, request: Request) -> Answer:
        """Answer a request that is already authorized."""
        handler: Callable[[Request], Answer] = getattr(self, f"_{request.verb}")
        return handler(request)

    def _get(self, request: Request) -> Answer:
        if request.subresource == "scale":
            return Answer(200, encode(as_scale(request.kind, self._registry.get(request.kind, request.namespace, request.name))))
        return Answer(200, self._renderer(request).entry(self._registry.entry(request.kind, request.namespace, request.name)))

    def _list(self, request: Request) -> Answer:
        scope = scope_of(request.kind, request.namespace, "", request.query)
        page = self._lister.page(scope, request.query)
        return Answer(200, self._renderer(request).list(page.entries, page.meta))

    def _watch(self, request: Request) -> Answer:
        scope = scope_of(request.kind, request.namespace, request.name, request.query)
        wish = wish_of(request.query)
        return Answer(200, stream=self._hub.watch(scope, wish, self._renderer(request).event))

    def _create(self, request: Request) -> Answer:
        obj = _body(request)
        match request.subresource:
            case "binding":
                return self._bind(request, obj)
            case "eviction":
                return self._evict(request, obj)
        if reviews.is_review(request.kind):
            clean = self._registry.decode(request.kind, obj, self._write(request))
            managed_fields.track_update(request.kind, None, clean, self._registry.author(request.kind, self._write(request)))
            reviewed = reviews.answer(request.kind, clean, request.user, self._authorizer)
            return Answer(201, request.kind.head + encode(reviewed)[1:])
        kind, obj = _stored_form(request.kind, obj)
        created = self._registry.create(kind, request.namespace, obj, self._write(request))
        return Answer(201, self._renderer(request).object(created))

    def _update(self, request: Request) -> Answer:
        obj = _body(request)
        if request.subresource == "scale":
            return self._scale(request, lambda _: obj)
        kind, obj = _stored_form(request.kind, obj)
        if strategies.creates_on_update(kind) and self._registry.store.get(kind, request.namespace, request.name) is None:
            created = self._registry.create(kind, request.namespace, obj, self._write(request))
            return Answer(201, self._renderer(request).object(created))
        updated = self._registry.update(kind, request.namespace, request.name, obj, self._write(request))
        return Answer(200, self._renderer(request).object(updated))

    def _patch(self, request: Request) -> Answer:
        kind_of_patch = request.content_type.partition(";")[0].strip()
        if kind_of_patch == _APPLY:
            return self._apply(request)
        if kind_of_patch not in (_JSON_PATCH, _MERGE, _STRATEGIC):
            raise unsupported_media("415: Unsupported Media Type", {})
        patch = _decoded(request.body, "error decoding patch: ")
        if kind_of_patch != _JSON_PATCH and not isinstance(patch, dict):
            raise bad_request("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")

        def change(obj: Object) -> Object:
            if kind_of_patch == _JSON_PATCH:
                changed: Object = json_patch(obj, patch)
            elif kind_of_patch == _MERGE or request.subresource == "scale":
                changed = merge_patch(obj, patch)
            else:
                changed = strategic_merge(request.kind, obj, patch)
            return changed

        if request.subresource == "scale":
            return self._scale(request, change)
        modified = self._registry.modify(request.kind, request.namespace, request.name, change, self._write(request))
        return Answer(200, self._renderer(request).object(modified))

    def _apply(self, request: Request) -> Answer:
        """Server-side apply: creates, or merges what the manager declares."""
        if not request.query.get("fieldManager"):
            cause = required("fieldManager", "is required for apply patch")
            raise invalid_named("PatchOptions.meta.k8s.io", "meta.k8s.io", "PatchOptions", "", [cause])
        config = _yaml(request.body)
        write = replace(self._write(request), operation="Apply", force=request.query.get("force") in ("true", "1"))
        config = self._registry.decode(request.kind, config, write)
        config["metadata"].setdefault("name", request.name)
        config["metadata"].pop("managedFields", None)
        declared = {**config, "metadata": {key: value for key, value in config["metadata"].items() if key != "namespace"}}
        author = Owner(write.manager, "Apply", request.kind.api_version, request.subresource, "", frozenset())
        if self._registry.find(request.kind, request.namespace, request.name) is None:
            created = self._registry.create(request.kind, request.namespace, config, write, config=declared)
            return Answer(201, self._renderer(request).object(created))

        def change(live: Object) -> Object:
            if not write.force:
                server_side_apply.check_conflicts(request.kind, live, declared, author)
            return server_side_apply.merged_with(request.kind, live, config, author)

        applied = self._registry.modify(request.kind, request.namespace, request.name, change, write, config=declared)
        return Answer(200, self._renderer(request).object(applied))

    def _delete(self, request: Request) -> Answer:
        options = deletion.parse_options(_body(request) if request.body else {}, request.query)
        deleted = deletion.delete(self._registry, request.kind, request.namespace, request.name, options)
        return Answer(200, encode(deleted))

    def _deletecollection(self, request: Request) -> Answer:
        options = deletion.parse_options(_body(request) if request.body else {}, request.query)
        scope = scope_of(request.kind, request.namespace, "", request.query)
        page = self._lister.page(scope, {})
        for entry in page.entries:
            deletion.delete(self._registry, request.kind, entry.namespace, entry.name, options)
        return Answer(200, Renderer(request.kind, "", "").list(page.entries, page.meta))

    def _scale(self, request: Request, change: Callable[[Object], Object]) -> Answer:
        """Write through the Scale view: only the number of replicas, with the scale's own optimistic lock."""

        def resize(obj: Object) -> Object:
            current = as_scale(request.kind, obj)
            wanted = change(current)
            version = (wanted.get("metadata") or {}).get("resourceVersion", "")
            if version and version != current["metadata"]["resourceVersion"]:
                raise conflict(request.kind, request.name)
            return {**obj, "spec": {**obj["spec"], "replicas": replicas_of(wanted, patched=request.verb == "patch")}}

        # The real server books scaling under the subresource but counts it as a change of the spec.
        write = replace(self._write(request), subresource="scale")
        stored = self._registry.modify(request.kind, request.namespace, request.name, resize, write)
        return Answer(200, encode(as_scale(request.kind, stored)))

    def _bind(self, request: Request, obj: Any) -> Answer:
        pod = self._registry.get(PODS, request.namespace, request.name)
        if pod["spec"].get("nodeName"):
            raise conflict(PODS, request.name, f'pod {request.name} is already assigned to node "{pod["spec"]["nodeName"]}"')
        scheduling.bind(self._registry, pod, str((obj.get("target") or {}).get("name", "")))
        return Answer(201, encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))

    def _evict(self, request: Request, obj: Any) -> Answer:
        options = deletion.parse_options(obj.get("deleteOptions") or {}, request.query)
        deletion.delete(self._registry, PODS, request.namespace, request.name, options)
        return Answer(201, encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))

    def _renderer(self, request: Request) -> Renderer:
        return Renderer(request.kind, request.accept, request.query.get("includeObject", ""))

    def _write(self, request: Request) -> Write:
        return Write(request.manager, "Update", request.subresource, request.dry_run, request.strict)


def _stored_form(kind: Kind, obj: Any) -> tuple[Kind, Any]:
    """Events of the newer group are kept as core events."""
    if kind.group == "events.k8s.io" and isinstance(obj, dict):
        causes = events_v1.check(obj)
        if causes:
            raise invalid_named("Event", "", "Event", (obj.get("metadata") or {}).get("name", ""), causes)
        return EVENTS, {**events_v1.to_core(obj), "apiVersion": "v1"}
    return kind, obj


def _body(request: Request) -> Any:
    media = request.content_type.partition(";")[0].strip()
    if media == protobuf.MEDIA:
        return _unpacked(request.body)
    if media in ("application/yaml", "text/yaml"):
        return _yaml(request.body)
    if media not in ("application/json", ""):
        raise unsupported_media(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    return _decoded(
        request.body,
        f"the object provided is unrecognized (must be of type {request.kind.kind}): couldn't get version/kind; json parse error: ",
    )


def _unpacked(body: bytes) -> Any:
    try:
        return protobuf.decode_body(body)
    except ValueError as problem:
        raise bad_request(str(problem)) from None


def _decoded(body: bytes, message: str = "") -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise bad_request(f"{message}{problem}") from None


def _yaml(body: bytes) -> Any:
    # Only server-side apply and YAML bodies need the parser: most starts do without it.
    import yaml

    try:
        return yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as problem:
        raise ApiError(400, "BadRequest", f"error decoding YAML: {problem}") from None
