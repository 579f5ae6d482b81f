"""Whether alerts fire for a deployment that is about to change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modeldeck.domain.alerts.alert import Alert, Alerts
from modeldeck.domain.alerts.formatting import alert_words
from modeldeck.domain.alerts.matching import alerts_by_deployment
from modeldeck.domain.environments import AlertPolicy
from modeldeck.domain.failures import Failure
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Kind
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.planning.plan_inputs import PlanInputs

PATIENCE = 5.0
"""Seconds that a plan waits for them: it can be made without."""
LISTED = 3
_HINT = "look into them first; `alerts` in the configuration says what a plan makes of them"


async def alerts(inputs: PlanInputs, clients: Clients, now: float) -> tuple[Check, ...]:
    """None where nobody could know of any. A roll-back is never refused: it may be what the alerts are for."""
    return (*await _firing(inputs, clients, now), *_silence(inputs, clients))


def _silence(inputs: PlanInputs, clients: Clients) -> tuple[Check, ...]:
    """Only where alerts are to be silenced."""
    if not inputs.intent.silence:
        return ()
    if clients.silences is None:
        message = "alerts are not silenced: this environment names no Alertmanager"
        return (Check(CheckName.SILENCE, Verdict.WARN, message, "set alertmanager.url, or leave --silence away"),)
    named = clients.environment.silence
    which = f"{', '.join(named)}" if named else "all alerts"
    return (Check(CheckName.SILENCE, Verdict.OK, f"{sanitize(which, limit=300)} about it are silenced in Alertmanager meanwhile"),)


async def _firing(inputs: PlanInputs, clients: Clients, now: float) -> tuple[Check, ...]:
    environment, source = clients.environment, clients.alerts
    if source is None:
        return ()
    if environment.alerts is AlertPolicy.IGNORE:
        return (Check(CheckName.ALERTS, Verdict.OK, "ignored, as the environment's `alerts` says"),)
    try:
        async with asyncio.timeout(PATIENCE):
            found = await source.alerts()
    except (Failure, TimeoutError) as failure:
        if environment.alertmanager is None and environment.prometheus is not None and environment.prometheus.guessed:
            return ()  # there may be no Prometheus at all
        why = f"{failure}" if isinstance(failure, Failure) else f"no answer in {PATIENCE:.0f} s"
        return (Check(CheckName.ALERTS, Verdict.UNKNOWN, f"whether any fire is not known: {sanitize(why, limit=300)}"),)
    scope = environment.prometheus.scope if environment.prometheus is not None else SeriesScope()
    mine = alerts_by_deployment(found.alerts, (inputs.deployment.key,), scope).get(inputs.deployment.key, ())
    return (_check(mine, found, now, refuses=environment.alerts is AlertPolicy.REFUSE and inputs.intent.kind is Kind.PROMOTE),)


def _check(mine: Sequence[Alert], found: Alerts, now: float, *, refuses: bool) -> Check:
    """Only what fires and is not silenced refuses."""
    gaps = "".join(f"; {sanitize(gap, limit=200)}" for gap in found.gaps)
    if found.left_out:
        gaps += f"; {found.left_out} alerts more than are read"
    if not mine:
        verdict = Verdict.UNKNOWN if found.left_out else Verdict.OK
        return Check(CheckName.ALERTS, verdict, f"none fire for it{gaps}")
    loud = [alert for alert in mine if alert.firing and not alert.silenced]
    verdict = Verdict.REFUSE if loud and refuses else Verdict.WARN
    more = f", and {len(mine) - LISTED} more" if len(mine) > LISTED else ""
    return Check(CheckName.ALERTS, verdict, f"{sanitize(', '.join(alert_words(one, now) for one in mine[:LISTED]))}{more}{gaps}", _HINT)
