"""What can happen at a request: whether it arrives, and what breaks beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.runner.runner import Verb


class Delivery(Enum):
    NEVER = "the request is lost"
    UNANSWERED = "the answer is lost"
    LATE = "the answer is lost, and the request arrives later"
    WHOLE = "nothing is lost"


class Deed(StrEnum):
    NOTHING = ""
    KILL = "kill"
    """-9, the runner."""
    CUT = "cut"
    """The network to every backend, for a while."""
    RESTART = "restart"
    """The API server, killed without warning and started again."""
    FILL = "fill"
    """The disk that the journal is on."""
    FORWARD = "forward"
    """The wall clock of the runner's machine jumps an hour ahead."""
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` heads a column of the table. `verb`: what an operator asks for once the runner is gone."""

    name: str
    delivery: Delivery
    deed: Deed = Deed.NOTHING
    verb: Verb = Verb.RESUME

    @property
    def ends(self) -> frozenset[Outcome]:
        """How the operation may end. What passes by itself is no reason to give up."""
        if self.deed is Deed.KILL and self.verb is Verb.UNDO:
            return frozenset((Outcome.UNDONE,))
        if self.deed is Deed.FILL:
            return frozenset((Outcome.DONE, Outcome.UNDONE))
        return frozenset((Outcome.DONE,))


BARE = Fault("none", Delivery.WHOLE)

KILLS = tuple(
    Fault(f"{name}{verb.value[0]}", delivery, Deed.KILL, verb)
    for name, delivery in (("k>", Delivery.NEVER), (">k", Delivery.UNANSWERED), ("~k", Delivery.LATE))
    for verb in (Verb.RESUME, Verb.UNDO)
)
LOSSES = (Fault("l>", Delivery.NEVER), Fault(">l", Delivery.UNANSWERED), Fault("~l", Delivery.LATE))
CUTS = (Fault("c>", Delivery.NEVER, Deed.CUT), Fault(">c", Delivery.UNANSWERED, Deed.CUT))
RESTARTS = (Fault("r>", Delivery.NEVER, Deed.RESTART), Fault(">r", Delivery.UNANSWERED, Deed.RESTART))
FILLS = (Fault("full", Delivery.WHOLE, Deed.FILL),)
JUMPS = (Fault("+1h", Delivery.WHOLE, Deed.FORWARD), Fault("-1h", Delivery.WHOLE, Deed.BACK))

AT_CHANGES = (*LOSSES, *KILLS, *CUTS, *RESTARTS, *FILLS, *JUMPS)
"""At a request that changes something."""
OF_SEVERAL = (LOSSES[1], KILLS[0], KILLS[3], KILLS[5])
"""For operations on several deployments: their requests are those of one, and what matters is what has been done before."""
AT_READS = KILLS[:2]
"""Between two of them: killed, with nothing on its way."""

LEGEND = """\
l> request lost   >l answer lost   ~l answer lost, request arrives later
k> >k ~k the same, and the runner is killed: then r(esume) or u(ndo)
c> >c the same, and the network is cut for a while   r> >r the same, and the API server is killed and started again
full no room for the journal   +1h -1h the wall clock jumps"""
