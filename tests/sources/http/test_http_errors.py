"""Refusals whose status alone would tell the wrong story."""

from __future__ import annotations

import json

from modeldeck.domain.failures import Forbidden, Rejected
from modeldeck.sources.http.http_errors import refusal
from modeldeck.sources.kubernetes.responses import explain


def forbidden(reason: str) -> bytes:
    message = 'pods "x" is forbidden: unable to create new content in namespace old because it is being terminated'
    causes = [{"reason": reason, "message": "namespace old is being terminated", "field": "metadata.namespace"}]
    return json.dumps({"kind": "Status", "message": message, "reason": "Forbidden", "code": 403, "details": {"causes": causes}}).encode()


def test_a_namespace_that_is_being_deleted_is_no_lack_of_permission() -> None:
    told = refusal(403, forbidden("NamespaceTerminating"), {}, backend="Kubernetes", host="h", explain=explain)
    assert isinstance(told, Rejected)
    assert "being deleted" in told.hint
    assert isinstance(refusal(403, forbidden("Other"), {}, backend="Kubernetes", host="h", explain=explain), Forbidden)
