"""What both MLflow clients decide the same way, whatever brought the data."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from modeldeck.domain.failures import Failure, Faulty, Forbidden, Malformed, NotFound, Rejected
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.mlflow.runs import Artifact, MetricPoint
from modeldeck.sources.common.bounds import too_large

FIRST_EXPERIMENT = "0"
"""MLflow makes it with its store, so that the time of its making tells one store from another at the same address."""
BACKEND = "MLflow"

PROMPT_TAG = "mlflow.prompt.is_prompt"
"""Prompts live in the registry as registered models with this tag. They serve nothing."""

MODEL_FILE = "MLmodel"


@dataclass(frozen=True, slots=True)
class LoggedModelChoice:
    """A model that a run logged (MLflow 3). `step` is the training step of its output, -1 where the run does not say."""

    model_id: str
    name: str
    step: int
    created_at: float


def chosen_model(candidates: Iterable[LoggedModelChoice]) -> LoggedModelChoice | None:
    """The one to register: logged at the largest step, as mlflow.register_model does; then the one called `model`; then the newest."""
    return max(candidates, key=lambda model: (model.step, model.name == "model", model.created_at), default=None)


def registry_of(models: Iterable[RegisteredModel], versions: Iterable[ModelVersion]) -> Registry:
    """Models by name, versions by model and newest first. Prompts are left out."""
    kept = sorted((model for model in models if model.tags.get(PROMPT_TAG) != "true"), key=lambda model: model.name)
    names = {model.name for model in kept}
    return Registry(
        models=tuple(kept),
        versions=tuple(sorted((version for version in versions if version.model in names), key=lambda v: (v.model, -v.number))),
    )


@contextlib.contextmanager
def needing(permission: str, model: str) -> Iterator[None]:
    """Around a request that MLflow's basic auth grants with a permission on one registered model: it says neither when it refuses."""
    try:
        yield
    except Forbidden as failure:
        raise Forbidden(
            f"{failure.message}: this needs {permission} on the registered model {model}",
            hint=f"ask an MLflow admin, or whoever made {model}, for {permission} on it",
            backend=failure.backend,
            status=failure.status,
        ) from None


def refuse_prompt(model: RegisteredModel) -> None:
    """Raises Rejected for a prompt: MLflow would make the version, and no search would ever show it."""
    if model.tags.get(PROMPT_TAG) == "true":
        raise Rejected(f"{model.name} is a prompt, no registered model", hint="choose another name", backend=BACKEND)


def refuse_nul(*texts: str) -> None:
    """Raises Rejected for a text with the character NUL: the databases below MLflow cannot hold it, and answer 500."""
    if any("\0" in text for text in texts):
        raise Rejected("a filter, name, tag or description cannot hold the character NUL", hint="take it out", backend=BACKEND)


def quoted(text: str) -> str:
    """A text in MLflow's filters, which know no escapes."""
    if "'" in text and '"' in text:
        raise Rejected(f"MLflow cannot search for a name with both kinds of quotes: {text}", backend=BACKEND)
    return f'"{text}"' if "'" in text else f"'{text}'"


def refuse_file(found: Sequence[Artifact], run_id: str, path: str, most: int) -> None:
    """Raises NotFound where the file is not among those of its folder, TooLarge where it has more than `most` bytes."""
    file = next((each for each in found if each.path == path and not each.is_dir), None)
    if file is None:
        raise NotFound(f"run {run_id} has no file {path}", backend=BACKEND)
    if (file.size or 0) > most:
        raise too_large(most, backend=BACKEND, what=f"{path} of run {run_id}")


def model_file_words(text: str) -> str | None:
    """What an MLmodel file says of itself ("python_function, sklearn; mlflow 3.17.2"); None where this is no MLmodel file.

    Only the top level and the flavours' names are looked at, which need no YAML parser.
    """
    flavors: list[str] = []
    version = ""
    inside = False
    for line in text.splitlines():
        if line[:1].strip():
            inside = line.rstrip() == "flavors:"
            if line.startswith("mlflow_version:"):
                version = line.partition(":")[2].strip().strip("'\"")
        elif inside and line[:2] == "  " and line[2:3].strip() and line.rstrip().endswith(":"):
            flavors.append(line.strip().rstrip(":"))
    if not flavors:
        return None
    return ", ".join(flavors) + (f"; mlflow {version}" if version else "")


def folders_to_try(top: Sequence[str]) -> tuple[str, ...]:
    """Folders of a run's artifacts that may hold its model, likeliest first, and no more than a person would look into."""
    return tuple(sorted(top, key=lambda path: (path != "model", path)))[:20]


def thinned(history: Sequence[MetricPoint], points: int) -> tuple[MetricPoint, ...]:
    """At most about `points` of them, evenly, with the first and the last."""
    if len(history) <= points or points < 2:
        return tuple(history[-1:] if points < 2 else history)
    stride = (len(history) - 1) / (points - 1)
    return tuple(history[round(index * stride)] for index in range(points))


_COLLISION = re.compile(
    r"\([\w.]*(IntegrityError|UniqueViolation)\) .*(unique|duplicate|primary key)|(UPDATE|DELETE) statement on table .* expected to ",
    re.IGNORECASE,
)
# As SQLite, PostgreSQL, MySQL and SQL Server say it, and SQLAlchemy where the row is gone that it was about to change.


def meant(failure: Failure) -> Failure:
    """What a refusal means, where its status does not say.

    MLflow looks whether a tag or an alias is there, then inserts it: of two requests that do so at once its database refuses one, and
    MLflow calls that 400, as if the request were wrong (store/db/utils.py: every SQLAlchemyError but an OperationalError). Asked again
    it takes it.
    """
    if isinstance(failure, Rejected) and _COLLISION.match(failure.message):
        return Faulty(
            "two requests changed the same entry of its database at once",
            hint="asking again settles it",
            backend=failure.backend,
            status=failure.status,
        )
    return failure


def no_model(run_id: str) -> NotFound:
    return NotFound(
        f"run {run_id} logged no model",
        hint='log one in the training script: mlflow.<flavor>.log_model(model, name="model")',
        backend=BACKEND,
    )


def file_answer(text: str, where: str) -> str:
    """What is said of a version whose model file holds `text`. Raises Malformed where that is no MLmodel file."""
    message = model_file_words(text)
    if message is None:
        raise Malformed(
            f"{where} is no MLmodel file", hint="look at the version's artifacts: it cannot be loaded as it is", backend=BACKEND
        )
    return f"{MODEL_FILE} found: {message}"
