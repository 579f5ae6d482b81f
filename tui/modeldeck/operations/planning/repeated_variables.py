"""Variables that stand twice in a container which is edited. The API server merges variables by name: where names repeat it drops one, or
puts them into another order, so that what a patch makes of them cannot be foretold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import Edits, each_container


@dataclass(frozen=True, slots=True)
class RepeatedVariable:
    name: str
    container: str
    edited: bool
    """It is one of those that are to be changed."""

    @property
    def hint(self) -> str:
        return f"take all but the last {self.name} out of the manifest"


def repeated(deployment: Deployment, wanted: Edits) -> Iterator[RepeatedVariable]:
    touched = {where.rpartition("/env/")[0] for where in wanted if "/env/" in where}
    for stem, container in each_container(deployment.template):
        if stem not in touched:
            continue
        edited = {container.env[int(where.split("/")[7])].name for where in wanted if where.startswith(f"{stem}/env/")}
        for name, count in Counter(variable.name for variable in container.env).items():
            if count > 1:
                yield RepeatedVariable(name, container.name, name in edited)
