"""Which profile is a deployment's, by what its own pods export."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles import sidecars
from modeldeck.domain.metrics.profiles.profile import MODEL_INFO, Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES


def candidates(own: Sequence[Profile] = ()) -> tuple[Profile, ...]:
    """In the order in which they are tried: a configuration's own first, each of which replaces the built-in one of its name."""
    replaced = {profile.name for profile in own}
    return (*own, *(profile for profile in PROFILES if profile.name not in replaced))


def metrics_of(own: Sequence[Profile] = ()) -> tuple[str, ...]:
    """What is looked for when it is looked up what pods export."""
    return tuple(dict.fromkeys((*(name for profile in candidates(own) for name in profile.metrics), MODEL_INFO[0], *sidecars.METRICS)))


def pick(exports: Exports, own: Sequence[Profile] = ()) -> Profile | None:
    """The first profile whose metrics exist, narrowed to what is really exported. None: no known model server is scraped."""
    for profile in candidates(own):
        if profile.exported_in(exports):
            return profile.within(exports)
    return None
