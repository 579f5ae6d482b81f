"""Gates: what a new version must show on live metrics before a promotion may finish by itself (promotion, section 5).

Gate, QueryCriterion, Op          settings; DEFAULT, shorter (for roll-backs), flaws
GateVerdict, Trouble              PASS, FAIL, INSUFFICIENT, ERROR; why neither PASS nor FAIL
CriterionResult, Judgement        what was found at one moment; combine, judgement
Decision, Progress                CONTINUE, FINISH, STOP, HOLD; decide, progress
gate_to_json, gate_from_json, judgement_to_json, judgement_from_json
"""

from modeldeck.domain.gates.judgement import CriterionResult, GateVerdict, Judgement, Trouble, combine, judgement
from modeldeck.domain.gates.progress import Decision, Progress, decide, progress
from modeldeck.domain.gates.settings import DEFAULT, Flaw, Gate, Op, QueryCriterion, flaws, shorter
from modeldeck.domain.gates.shape import gate_from_json, gate_to_json, judgement_from_json, judgement_to_json

__all__ = [
    "DEFAULT",
    "CriterionResult",
    "Decision",
    "Flaw",
    "Gate",
    "GateVerdict",
    "Judgement",
    "Op",
    "Progress",
    "QueryCriterion",
    "Trouble",
    "combine",
    "decide",
    "flaws",
    "gate_from_json",
    "gate_to_json",
    "judgement",
    "judgement_from_json",
    "judgement_to_json",
    "progress",
    "shorter",
]
