"""Patching the Deployment: slot and annotations in one guarded request, and taking exactly these places back again."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.kubernetes.pod_addresses import serving_addresses
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import Edits
from modeldeck.operations.common import patch
from modeldeck.operations.common.ownership import Ownership, ownership_of, passed_words, taken
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.guarded_patch import DeploymentPatch, patch_guarded
from modeldeck.operations.execution.release_edits import release_edits
from modeldeck.operations.execution.waiting import wait_for_rollout
from modeldeck.operations.planning.preconditions import other_operation, template_changes


class TemplatePart(StrEnum):
    """Which of the plan's edits a step makes."""

    WHOLE = "whole"
    TEMPLATE = "template"
    ANNOTATIONS = "annotations"


class PatchDeployment:
    def __init__(self, part: TemplatePart) -> None:
        self._part = part

    async def do(self, execution: Execution) -> str:
        """A template that was changed since the plan was made is a Conflict at once."""
        wanted = self._edits(execution)

        async def decide(deployment: Deployment, lost: Failure | None) -> DeploymentPatch | str:
            if patch.stand(wanted, deployment):
                return "accepted" if lost is None else f"accepted, though the answer was lost ({lost.message})"
            self._refuse_moved(execution, deployment)
            await self._note_pods(execution, deployment)
            at = f"deployment {deployment.key} at resourceVersion {deployment.resource_version}"
            return DeploymentPatch(wanted, f"patch {at}: {edits_words(wanted)}")

        done = await patch_guarded(execution, decide, during="patch")
        return done if isinstance(done, str) else f"accepted as generation {done.generation}"

    async def undo(self, execution: Execution) -> str:
        """Raises Conflict where somebody has changed a place meanwhile: it is theirs now, and is left as it is."""

        async def decide(deployment: Deployment, lost: Failure | None) -> DeploymentPatch | str:
            found = ownership_of(execution.target, execution.plan.id, deployment)
            if found is Ownership.SUPERSEDED:
                return passed_words(deployment)
            if found is Ownership.HELD_BY_OTHER:
                raise taken(deployment)
            if found is Ownership.REVERTED:
                return await self._back_already(execution, deployment)
            ours = self._back(execution, deployment)
            if not ours and lost is None:
                return await self._fenced(execution, deployment)
            back = {**ours, **self._closing(execution, deployment)}
            if patch.stand(back, deployment):
                return await self._settled(execution)
            return DeploymentPatch(back, f"patch deployment {deployment.key} back: {edits_words(back)}")

        done = await patch_guarded(execution, decide, during="undo")
        return done if isinstance(done, str) else await self._settled(execution)

    async def _note_pods(self, execution: Execution, deployment: Deployment) -> None:
        """At which addresses the pods are that will be gone when others are compared with them. Not after a first request, which may have
        begun to change them; and where it cannot be known now, that is said then."""
        if self._part is TemplatePart.ANNOTATIONS or execution.step.requests or execution.clients.metrics is None:
            return
        with suppress(Failure):
            pods = await execution.clients.need_cluster().pods_of(deployment)
            found = serving_addresses(pods)
            if found:
                execution.remember("serving", step=execution.index, pods=[[one.pod, one.address, one.since] for one in found])

    def _edits(self, execution: Execution) -> Edits:
        if self._part is TemplatePart.TEMPLATE:
            return patch.of_template(execution.target.slot_edits)
        if self._part is TemplatePart.ANNOTATIONS:
            return patch.of_annotations(execution.target.slot_edits)
        return execution.target.slot_edits

    def _refuse_moved(self, execution: Execution, deployment: Deployment) -> None:
        changed = (*template_changes(execution.target, deployment), *other_operation(execution.target, execution.plan.id, deployment))
        if changed:
            raise Conflict("; ".join(changed), backend="Kubernetes")

    def _back(self, execution: Execution, deployment: Deployment) -> Edits:
        wanted = self._edits(execution)
        back = patch.reversed_edits(wanted, deployment)
        if back and ownership_of(execution.target, execution.plan.id, deployment) is Ownership.UNMARKED:
            if patch.of_template(back):
                raise Conflict(
                    "the mark of this operation is gone: whether the template is still its doing cannot be told", backend="Kubernetes"
                )
            return {}
        if back is None:
            strays = "; ".join(patch.strays(patch.of_template(wanted), deployment))
            raise Conflict(f"somebody has changed the template since: {strays}", backend="Kubernetes")
        return back

    def _closing(self, execution: Execution, deployment: Deployment) -> Edits:
        """The operation's end, noted in the same request; a restart leaves that to the mark's own undo."""
        return {} if self._part is TemplatePart.TEMPLATE else release_edits(execution, deployment)

    async def _back_already(self, execution: Execution, deployment: Deployment) -> str:
        """Its pods may still be on their way, unless somebody has changed the template since: then they are theirs."""
        if patch.reversed_edits(self._edits(execution), deployment) != {}:
            return "it was taken back; somebody has changed the template since"
        return await self._settled(execution)

    async def _fenced(self, execution: Execution, deployment: Deployment) -> str:
        """Nothing of ours stands. The note of the end is still sent, as a fence: it moves the resourceVersion, so that a patch whose
        answer was lost, and that is still on its way, can no longer land. Where not even that is allowed, none is on its way."""
        closing = self._closing(execution, deployment)
        if closing:
            await execution.request(f"note the end of the operation on deployment {deployment.key}")
            try:
                await execution.clients.need_cluster().patch_deployment(*execution.key, patch.patch(closing, deployment))
            except Failure as failure:
                execution.say(f"the end could not be noted on the deployment: {failure}")
        return "it never took effect"

    async def _settled(self, execution: Execution) -> str:
        if self._part is TemplatePart.ANNOTATIONS:
            return "the mark is taken off"
        return await wait_for_rollout(execution)


def edits_words(wanted: Edits) -> str:
    """`MODEL_URI models:/iris/1 → models:/iris/2`, as far as it concerns the template."""
    changes = patch.of_template(wanted) or wanted
    return ", ".join(f"{patch.tail(where)} {before or '–'} → {after or '–'}" for where, (before, after) in changes.items())
