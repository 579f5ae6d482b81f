"""The alerts that fire for a deployment, for what changed around a moment."""

from __future__ import annotations

from modeldeck.domain.alerts.matching import MOST, alerts_by_deployment
from modeldeck.domain.changes.alerts import alert_events, untimed_alerts
from modeldeck.domain.changes.change_event import ChangeEvent
from modeldeck.domain.failures import Failure
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.ports import AlertSource


async def firing_alerts(key: str, source: AlertSource | None, scope: SeriesScope) -> tuple[tuple[ChangeEvent, ...], tuple[str, ...]]:
    """Since when each fires, and in words what is not known of them. `source` None: nobody could know of any."""
    if source is None:
        return (), ()
    try:
        found = await source.alerts()
    except Failure as failure:
        return (), (f"alerts: {failure}",)
    mine = alerts_by_deployment(found.alerts, (key,), scope).get(key, ())
    more = (f"alerts: {found.left_out} more than are read",) if found.left_out else ()
    many = (f"alerts: {len(mine) - MOST} more of it",) if len(mine) > MOST else ()
    told = mine[:MOST]
    return tuple(alert_events(told)), (*untimed_alerts(told), *(f"alerts: {gap}" for gap in found.gaps), *more, *many)
