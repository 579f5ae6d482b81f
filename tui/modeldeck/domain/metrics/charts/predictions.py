"""What is asked about predicted values, from the histogram that a server keeps of them."""

from __future__ import annotations

from modeldeck.domain.metrics.profiles.queries import rate_window

MEAN = "predicted mean"
WITHIN_BUCKETS = "quantiles are estimates within a bucket of the histogram, between two values that it may never have"


def prediction_queries(histogram: str, where: str, *, step: float, scrape: float = 15.0) -> dict[str, str]:
    """Quantiles from the buckets, and the mean.

    A histogram's sum goes down with a value below zero, which `rate` takes for a counter that began anew: so the mean is of differences,
    of those series whose count did not begin anew.
    """
    window = f"[{rate_window(step=step, scrape=scrape)}s]"
    buckets, total, count = (f"{histogram}_{part}{{{where}}}{window}" for part in ("bucket", "sum", "count"))
    whole = f"resets({count}) == 0"
    quantiles = {
        f"predicted {name}": f"histogram_quantile({q}, sum by (le) (rate({buckets})))"
        for name, q in (("p90", "0.9"), ("p50", "0.5"), ("p10", "0.1"))
    }
    return {**quantiles, MEAN: f"sum (delta({total}) and {whole}) / sum (delta({count}) and {whole})"}
