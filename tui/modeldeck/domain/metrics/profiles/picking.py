"""Which profile is a deployment's, by what its own pods export."""

from __future__ import annotations

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.profile import MODEL_INFO, Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES

METRICS = tuple(dict.fromkeys((*(name for profile in PROFILES for name in profile.metrics), MODEL_INFO[0])))
"""What is looked for when it is looked up what pods export."""


def pick(exports: Exports) -> Profile | None:
    """The first profile whose metrics exist, narrowed to what is really exported. None: no known model server is scraped."""
    for profile in PROFILES:
        if profile.exported_in(exports):
            return profile.within(exports)
    return None
