"""What is wanted where nobody says more."""

from __future__ import annotations

from modeldeck.domain.operations.intent import Intent, Kind


def test_what_nobody_said() -> None:
    plain = Intent(Kind.PROMOTE, "serving", "iris", "iris", "7", "ann")
    assert plain.key == "serving/iris"
    assert (plain.rollout_deadline, plain.gate, plain.then, plain.copy_to, plain.ungated) == (600.0, None, (), None, False)
    assert (plain.alias, plain.reason) == ("champion", "")
