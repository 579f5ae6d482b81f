"""A Prometheus whose clock is another than ours."""

from __future__ import annotations

import json
import time

import pytest

from modeldeck.cli.doctor.metrics import clock
from modeldeck.domain.environments import PrometheusTarget
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.support.canned import always, canned, response


@pytest.mark.parametrize(("ahead", "words"), [(0.0, ""), (7200.0, "2 h ahead of"), (-7200.0, "2 h behind")])
async def test_doctor_tells_a_clock_that_is_hours_off(ahead: float, words: str) -> None:
    at = time.time() + ahead
    body = {"status": "success", "data": {"resultType": "scalar", "result": [at, str(at)]}}
    async with canned(always(response(json.dumps(body).encode()))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        found = await clock(metrics)
        await metrics.aclose()
    assert [finding.works for finding in found] == ([False] if words else [])
    assert all(words in finding.message and "NTP" in finding.hint for finding in found)
