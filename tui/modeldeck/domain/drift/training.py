"""What a training logs of the values that its model saw and predicted: `modeldeck_baseline.json` among the artifacts of its run.

    {"histograms": {"model_prediction_value": {"le": [0, 1, 2, "+Inf"], "counts": [12, 40, 31, 0]}}}

By the name of the histogram that the server exports (without `_bucket`): the buckets' upper bounds, rising, and how many values lie in each
bucket alone, above the bound before and up to its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

from modeldeck.domain.drift.comparison import MOST_BUCKETS
from modeldeck.domain.gates.measures import Buckets

FILE = "modeldeck_baseline.json"
MOST_BYTES = 512 * 1024
MOST_HISTOGRAMS = 200


def read_baseline(data: bytes) -> dict[str, Buckets]:
    """Raises ValueError with what was expected and found."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"expected at most {MOST_BYTES // 1024} KiB")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("expected JSON") from None
    histograms = body.get("histograms") if isinstance(body, dict) else None
    if not isinstance(histograms, dict):
        raise ValueError('expected {"histograms": {NAME: {"le": […], "counts": […]}}}')
    if len(histograms) > MOST_HISTOGRAMS:
        raise ValueError(f"expected at most {MOST_HISTOGRAMS} histograms, found {len(histograms)}")
    return {str(name).removesuffix("_bucket"): _histogram(str(name)[:100], one) for name, one in histograms.items()}


def _histogram(name: str, one: object) -> Buckets:
    found: Mapping[str, Any] = one if isinstance(one, dict) else {}
    bounds, counts = found.get("le"), found.get("counts")
    if not isinstance(bounds, list) or not isinstance(counts, list) or len(bounds) != len(counts) or not bounds:
        raise ValueError(f'{name}: expected "le" and "counts", as many of the one as of the other')
    if len(bounds) > MOST_BUCKETS:
        raise ValueError(f"{name}: expected at most {MOST_BUCKETS} buckets, found {len(bounds)}")
    upper = [_bound(name, bound) for bound in bounds]
    if any(low >= high for low, high in pairwise(upper)):
        raise ValueError(f"{name}: expected rising bounds")
    if upper[-1] != math.inf:
        raise ValueError(f'{name}: expected "+Inf" as the last bound, with how many values lie above the one before')
    if any(isinstance(count, bool) or not isinstance(count, int | float) or not 0 <= count < 1e15 for count in counts):
        raise ValueError(f"{name}: expected counts of 0 or more")
    return tuple(zip(upper, accumulate(float(count) for count in counts), strict=True))


def _bound(name: str, bound: object) -> float:
    if bound in ("+Inf", "Inf", math.inf):
        return math.inf
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not abs(bound) <= 1e308:
        raise ValueError(f'{name}: expected numbers and "+Inf" as bounds')
    return float(bound)
