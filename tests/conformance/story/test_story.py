"""The product's whole story, on both clusters: trained elsewhere, seen, registered, promoted, served, rolled back; and what goes wrong."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, history_of, mark_of
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.status.selection import PaneName as P
from tests.conformance.clusters import until
from tests.conformance.story.person import Person, at_the_console
from tests.conformance.story.world import PATIENCE, Said, Trained, World

CONTRACT = {
    *("schema", "id", "kind", "actor", "model", "namespace", "deployment", "from_version", "to_version", "reason", "state", "outcome"),
    *("started_at", "finished_at", "runner_pid", "steps", "gate"),
}
SHOWN = 13
"""Characters of a run's name that are shown at least."""
STEP_CONTRACT = {"name", "state", "before", "after", "started_at", "finished_at", "message"}


async def test_a_model_trained_elsewhere_is_seen_registered_promoted_and_served(world: World) -> None:
    before = world.alias("iris")
    async with at_the_console(world) as person:
        await person.press("1", "g")
        trained = await asyncio.to_thread(world.train)
        await sees_the_run(person, trained)
        version = await registers(person, world, trained)
        again = await asyncio.to_thread(world.modeldeck, "register", trained.id, "--model", "iris", "--output", "json")
        assert again.code == ExitCode.DONE, again.err
        assert (again.json["model"], again.json["version"]) == ("iris", str(int(version) + 1))

        with world.client("iris") as client:
            await person.until("the old version answers", lambda: client.by_model[f"iris/{before}"] > 3)
            await person.plan("iris", "iris", version)
            assert person.sees(f"iris  v{before} → v{version}  on serving/iris", f"+ models:/iris/{version}"), person.screen()
            await person.press("y")
            assert await person.outcome() is Outcome.DONE, person.screen()
            seen = client.by_model[f"iris/{version}"]
            await person.until("the new version answers", lambda: client.by_model[f"iris/{version}"] > seen + 3)
        assert client.failed == []
        assert set(client.by_model) == {f"iris/{before}", f"iris/{version}"}
        assert list(dict.fromkeys(client.aliases)) in ([before, version], [before])

        await person.press("escape")
        await shows_it_served(person, version)
    assert world.alias("iris") == version
    assert world.pod_uris("iris") == [f"models:/iris/{version}"] * 3


async def sees_the_run(person: Person, trained: Trained) -> None:
    ended = time.monotonic()
    await person.until("the run is in the runs pane", lambda: person.sees(f"  {trained.name[:SHOWN]}"))
    print(f"the run stood in the runs pane {time.monotonic() - ended:.1f} s after the script had ended (wanted: 5 s)")


async def registers(person: Person, world: World, trained: Trained) -> str:
    """Through the console, from the run's own row; the version that it became."""
    await person.go(P.DEPLOYMENTS, "serving/iris")
    await person.go(P.RUNS, trained.id)
    await person.press("r")
    await person.until("the question stands", lambda: person.sees(f"register the model of run {trained.name}", "iris"))
    await person.press("enter")
    await person.until("it is registered", lambda: person.sees("registered as iris v"))
    newest = world.versions("iris")[0]
    assert newest["run_id"] == trained.id
    await person.until("it stands beside its run", lambda: person.sees(f"iris v{newest['version']}"))
    return str(newest["version"])


async def shows_it_served(person: Person, version: str) -> None:
    """The deck tells it in each pane: three pods of the new version and no other, the alias beside it, its latency."""

    def agrees() -> bool:
        row = person.row("serving/iris")
        if row is None or row.disagreements or row.stats.p99 is None:
            return False
        live = [(each.version, each.ready) for each in row.live]
        return live == [(version, 3)] and (row.spec_version, row.alias, row.alias_version) == (version, "champion", version)

    await person.until("the new version is live", agrees)
    await person.go(P.DEPLOYMENTS, "serving/iris")
    await person.until("the lineage line says so", lambda: person.sees(f"→ iris v{version} (champion) → serving/iris"))


def test_a_roll_back_on_the_command_line_puts_all_of_it_back(world: World) -> None:
    now = world.alias("iris")
    wanted = "2" if now == "3" else "3"
    with world.client("iris") as client:
        until("it answers", lambda: client.by_model[f"iris/{now}"] > 3, PATIENCE)
        said = world.modeldeck("rollback", "serving/iris", "--reason", "worse in the afternoon", "--yes", "--output", "json")
        until("the old one answers", lambda: client.by_model[f"iris/{wanted}"] > 3, PATIENCE)
    assert client.failed == []
    assert set(client.by_model) == {f"iris/{now}", f"iris/{wanted}"}
    told = keeps_the_contract(said, ExitCode.DONE)
    assert (told["kind"], told["model"], told["namespace"], told["deployment"]) == ("rollback", "iris", "serving", "iris")
    assert (told["from_version"], told["to_version"], told["outcome"]) == (now, wanted, "done")
    assert told["reason"] == "worse in the afternoon"
    assert {step["state"] for step in told["steps"]} == {"done"}

    assert world.alias("iris") == wanted
    assert world.slots("iris")["MODEL_URI"] == f"models:/iris/{wanted}"
    assert world.pod_uris("iris") == [f"models:/iris/{wanted}"] * 3
    deployment = world.deployment("iris")
    assert deployment["spec"]["template"]["metadata"]["annotations"]["modeldeck.dev/version"] == wanted
    annotations = deployment["metadata"]["annotations"]
    assert mark_of(annotations) is None
    newest = history_of(annotations)[0]
    assert (newest.id, newest.kind, newest.to_version, newest.outcome) == (told["id"], "rollback", wanted, "done")
    tags = world.tags("iris", wanted)
    assert (tags["modeldeck.operation"], tags["modeldeck.reason"]) == (told["id"], "worse in the afternoon")
    assert "RolledBack" in world.event_reasons("iris")

    (row,) = world.modeldeck("status", "serving/iris", "--output", "json").json["rows"]
    assert [(each["version"], each["ready"]) for each in row["live_versions"]] == [(wanted, 3)]
    assert row["alias"] == {"name": "champion", "version": wanted}
    entries = world.modeldeck("history", "serving/iris", "--output", "json").json["entries"]
    assert entries[0]["id"] == told["id"]


def keeps_the_contract(said: Said, code: ExitCode) -> dict[str, Any]:
    """The operation as JSON, with every promised key."""
    assert said.code == code, said.out + said.err
    told = said.json
    assert told.keys() >= CONTRACT
    assert all(step.keys() >= STEP_CONTRACT for step in told["steps"])
    assert told["state"] == "ended"
    return told


def test_a_version_whose_pods_crash_ends_undone_with_their_own_words(world: World) -> None:
    now, slots = world.alias("iris"), world.slots("iris")
    annotations = world.deployment("iris")["metadata"]["annotations"]
    broken = next(each["version"] for each in world.versions("iris") if "BROKEN" in each["description"])
    with world.client("iris") as client:
        said = world.modeldeck("promote", "iris", broken, "--deployment", "serving/iris", "--yes", "--output", "json")
        seen = client.by_model[f"iris/{now}"]
        until("the old one answers", lambda: client.by_model[f"iris/{now}"] > seen + 3, PATIENCE)
    assert client.failed == []
    assert set(client.by_model) == {f"iris/{now}"}
    assert set(client.aliases) == {now}
    told = keeps_the_contract(said, ExitCode.UNDONE)
    assert (told["outcome"], told["to_version"]) == ("undone", broken)
    for message in (str(told["message"]), said.err):
        assert "CrashLoopBackOff" in message or "keeps ending" in message, message  # as it is looked at between two starts, or after one
        assert "pickle data was truncated" in message, message
    assert world.alias("iris") == now
    assert world.slots("iris") == slots
    assert world.pod_uris("iris") == [f"models:/iris/{now}"] * 3
    after = world.deployment("iris")["metadata"]["annotations"]
    assert OPERATION not in after
    assert without_history(after) == without_history(annotations)
    assert "PromotionUndone" in world.event_reasons("iris")


def without_history(annotations: dict[str, str]) -> dict[str, str]:
    """What an undo puts back: all but the line that tells of it, and the number that Kubernetes gives to each rollout."""
    return {key: text for key, text in annotations.items() if key not in (HISTORY, "deployment.kubernetes.io/revision")}


async def test_what_somebody_else_changes_while_the_plan_is_read_stops_it(world: World) -> None:
    served, alias = world.slots("digits"), world.alias("digits")
    async with at_the_console(world) as person:
        await person.plan("digits", "digits", "3")
        await asyncio.to_thread(world.kubectl, "set", "env", "deployment/digits", "LOG_LEVEL=debug")
        await person.press("y")
        assert await person.outcome() is Outcome.REFUSED
        await person.until("nothing was applied", lambda: "nothing was applied" in person.text())
        await person.until("why", lambda: "env LOG_LEVEL of container server was added" in person.text())
    assert world.slots("digits") == {**served, "LOG_LEVEL": "debug"}
    assert world.alias("digits") == alias
    assert not [key for key in world.deployment("digits")["metadata"]["annotations"] if key in (OPERATION, HISTORY)]
