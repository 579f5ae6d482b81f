"""What the counts say for and against a version, as two p-values; and the error ratio's."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.gates.judgement import GateVerdict
from modeldeck.domain.gates.looks import Levels
from modeldeck.domain.gates.statistics import at_least, at_most, rate_at_least, rate_at_most


@dataclass(frozen=True, slots=True)
class Evidence:
    """`beyond`: how probable such counts are of a version within the margin, at its edge; `within`: of one beyond it."""

    beyond: float
    within: float
    blind: bool = False
    """Whether no number of requests would let it pass: its buckets are too coarse."""

    def verdict(self, levels: Levels) -> GateVerdict:
        """FAIL where the data show a change beyond the margin, PASS where they exclude it, else INSUFFICIENT."""
        if self.beyond <= levels.failing:
            return GateVerdict.FAIL
        return GateVerdict.PASS if self.within <= levels.passing and not self.blind else GateVerdict.INSUFFICIENT


NONE = Evidence(1.0, 1.0, blind=True)


def ceiling(failed: int, requests: int, most: float) -> Evidence:
    """Whether the error ratio is over a ceiling."""
    return Evidence(at_least(failed, requests, most), at_most(failed, requests, most))


def rise(failed: int, requests: int, base_failed: int, base_requests: int, times: float, tolerated: float) -> Evidence:
    """Whether the error ratio is more than `times` the older one, and more than what is tolerated anyway.

    Beyond is only what is beyond both. Within is what is within either, and only one is tried: which, the older version decides.
    """
    edge = ceiling(failed, requests, tolerated)
    beyond = max(edge.beyond, rate_at_least(failed, requests, base_failed, base_requests, times))
    if times * base_failed <= tolerated * base_requests:
        return Evidence(beyond, edge.within)
    return Evidence(beyond, rate_at_most(failed, requests, base_failed, base_requests, times))
