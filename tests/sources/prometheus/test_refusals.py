"""Refusals of Prometheus and of what stands before it."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Faulty, InvalidQuery, Malformed, NotFound, Unauthorized
from modeldeck.sources.prometheus.refusals import refusal_of, refuse_page


def test_only_prometheus_own_words_make_a_query_wrong() -> None:
    own = refusal_of(422, b'{"status":"error","errorType":"execution","error":"too many samples"}', {}, host="h")
    assert (type(own), own.message, own.status) == (InvalidQuery, "too many samples", 422)
    assert type(refusal_of(404, b"404 page not found", {}, host="h")) is NotFound
    assert type(refusal_of(502, b"<html>", {}, host="h")) is Faulty


def test_a_page_is_refused_and_json_is_not() -> None:
    refuse_page(b'{"status":"success"}')
    with pytest.raises(Malformed, match="web page"):
        refuse_page(b"\n <!DOCTYPE html>")


def test_a_limit_and_a_missing_tenant_have_hints_of_their_own() -> None:
    body = b'{"status":"error","errorType":"execution","error":"the query hit the limit of series (err-mimir-max-series-per-query)"}'
    assert "select fewer series" in refusal_of(422, body, {}, host="h").hint
    tenant = refusal_of(401, b"no org id\n", {"content-type": "text/plain"}, host="h")
    assert (type(tenant), tenant.message) == (Unauthorized, "no org id")
    assert "X-Scope-OrgID" in tenant.hint
