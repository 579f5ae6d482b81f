"""What a refusal of Prometheus, or of something on the way to it, means; and answers that are pages for people."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.domain.failures import Failure, InvalidQuery, Malformed, Unauthorized
from modeldeck.sources.http import http_errors
from modeldeck.sources.prometheus.wire import NARROW, error_of, explain, is_invalid_query, is_over_limit

BACKEND = "Prometheus"
METHOD_REFUSED = (400, 403, 404, 405, 411, 501)
"""With these something on the way may refuse a question for being a POST."""


def refusal_of(status: int, body: bytes, headers: Mapping[str, str], *, host: str) -> Failure:
    """The failure that an answer with this status is. `headers` with names in lower case; `body` without credentials."""
    found = http_errors.refusal(status, body, headers, backend=BACKEND, host=host, explain=explain)
    answer = error_of(body)
    if is_invalid_query(status, answer):
        hint = f"it asks for more than the server hands out: {NARROW}" if is_over_limit(answer) else ""
        return InvalidQuery(found.message, hint=hint, backend=BACKEND, status=status)
    if status == 401 and b"no org id" in body:
        hint = 'name the tenant: prometheus.headers = { X-Scope-OrgID = "…" }'
        return Unauthorized(found.message, hint=hint, backend=BACKEND, status=status)
    return found


def refuse_page(body: bytes) -> None:
    """Raises Malformed where a good answer is a page for people."""
    if body[:64].lstrip().startswith(b"<"):
        hint = "a login page needs a token; the address of a user interface is not that of its API"
        raise Malformed("a web page where JSON belongs", hint=hint, backend=BACKEND)
