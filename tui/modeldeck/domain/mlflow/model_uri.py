"""References to models as they stand in manifests: `models:/iris/3`, `models:/iris@champion`, `runs:/<id>/model`, storage paths.

The rules for `models:/` are MLflow's own (store/artifact/utils/models.py, `_parse_model_uri`); storage paths are recognised by the
layout that MLflow gives them: `…/<run id>/artifacts/…` and `…/models/m-<id>/artifacts/…`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LATEST = "latest"
"""The stage name that stands for the newest version of all."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_RUN_ID = r"[0-9a-f]{32}"
_RUN_SEGMENT = re.compile(rf"(?:^|/)({_RUN_ID})/artifacts(?=/|$)")
_ANY_RUN_SEGMENT = re.compile(rf"/({_RUN_ID})(?=/|$)")
_MODEL_SEGMENT = re.compile(r"(?:^|/)models/(m-[0-9a-f]{32})/artifacts(?=/|$)")
_LOGGED_MODEL = re.compile(r"m-[A-Za-z0-9-]+")
_RUN_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,255}")
_ASSIGNED = re.compile(r"-{0,2}[A-Za-z_][\w-]*=")
"""`--model-uri=`, `MODEL_URI=`: what stands before a reference is none of it, though a path could begin so."""
_NOT_IN_A_REFERENCE = re.compile(r"[\s\"'`;,&|<>]+")
_QUOTED = re.compile(r"""(\\?["'])((?:models|runs):/(?:(?!\1).)+)\1""", re.IGNORECASE | re.DOTALL)
_NOT_EXPANDED = re.compile(r"\$[({A-Za-z_]|\{\{")


@dataclass(frozen=True, slots=True)
class ModelUri:
    """One reference. Exactly one of `version`, `alias`, `stage`, `model_id` and `run_id` is set; the first three go with `model`."""

    text: str
    model: str | None = None
    version: str | None = None
    alias: str | None = None
    stage: str | None = None
    """A stage as written ("Production"), or `latest`."""
    model_id: str | None = None
    """A logged model (`m-…`)."""
    run_id: str | None = None
    path: str = ""
    """What follows a run or a logged model, e.g. `model`."""


def parse(text: str) -> ModelUri | None:
    """The reference that `text` as a whole is, or None. References that the kubelet or a shell has yet to expand are none."""
    text = text.strip()
    if not text or _NOT_EXPANDED.search(text):
        return None
    found = _SCHEME.match(text)
    scheme = found.group(1).lower() if found else ""
    if scheme == "models":
        return _registered(text)
    if scheme == "runs":
        return _run(text)
    if scheme in ("http", "https") or (not scheme and _ASSIGNED.match(text)):
        return None
    return _stored(text, ours=scheme == "mlflow-artifacts" or "mlruns/" in text) if scheme or "/" in text else None


Match = tuple[int, int, ModelUri]
"""Start, end and meaning of a reference inside a text."""


def find(text: str) -> Match | None:
    """The first reference inside `text`: `--model-uri=models:/iris/3`, or a whole line for a shell."""
    return next(iter(find_all(text)), None)


def find_all(text: str) -> tuple[Match, ...]:
    """Every reference inside `text`, in order. What stands in quotes may hold spaces; a quote that a string escapes counts as one."""
    if "/" not in text:
        return ()
    whole = parse(text)
    if whole is not None and _is_one_word(whole):
        start = len(text) - len(text.lstrip())
        return ((start, start + len(whole.text), whole),)
    found = [
        (quoted.start(2), quoted.end(2), uri)
        for quoted in _QUOTED.finditer(text)
        if (uri := parse(quoted[2])) is not None and uri.text == quoted[2] and _is_one_word(uri)
    ]
    position = 0
    for start, end, _ in (*found, (len(text), len(text), None)):
        found += _in_words(text, position, start)
        position = end
    return tuple(sorted(found, key=lambda match: match[0]))


def _in_words(text: str, begin: int, end: int) -> list[Match]:
    found: list[Match] = []
    position = begin
    for whole_word in _NOT_IN_A_REFERENCE.split(text[begin:end]):
        start = text.index(whole_word, position)
        position = start + len(whole_word)
        word = whole_word.rstrip(")]}\\")
        for offset in _starts(word):
            uri = parse(word[offset:])
            if uri is not None:
                found.append((start + offset, start + len(word), uri))
                break
    return found


def _is_one_word(uri: ModelUri) -> bool:
    """Whether the text ends with the reference: names of registered models may hold spaces, what follows them may not."""
    if uri.model is not None:
        return not re.search(r"\s", uri.version or uri.alias or uri.stage or "")
    return not re.search(r"\s", uri.text)


def _starts(word: str) -> tuple[int, ...]:
    """Where a reference can begin in a word: at its start, after the `=` of a flag or assignment, or after a bracket."""
    return (0, *(i + 1 for i, letter in enumerate(word) if letter in "=([{"))


def _registered(text: str) -> ModelUri | None:
    rest = text.split(":", 1)[1]
    if rest.startswith("//"):
        # models://<registry profile>/name/3: the authority is not part of the name.
        _, slash, rest = rest[2:].partition("/")
        rest = slash + rest
    parts = rest.lstrip("/").split("/")
    name = parts[0]
    if len(parts) > 2 or not name.strip():
        return None
    if len(parts) == 2:
        return _with_suffix(text, name, parts[1])
    model, at, alias = name.rpartition("@")
    if at:
        return ModelUri(text, model=model, alias=alias) if model.strip() and alias.strip() else None
    return ModelUri(text, model_id=name) if _LOGGED_MODEL.fullmatch(name) else None


def _with_suffix(text: str, name: str, suffix: str) -> ModelUri | None:
    if not suffix.strip():
        return None
    if suffix.isascii() and suffix.isdigit():
        return ModelUri(text, model=name, version=suffix)
    return ModelUri(text, model=name, stage=LATEST if suffix.lower() == LATEST else suffix)


def _run(text: str) -> ModelUri | None:
    rest = text.split(":", 1)[1]
    if rest.startswith("//"):
        _, _, rest = rest[2:].partition("/")
    run_id, _, path = rest.lstrip("/").partition("/")
    if not _RUN_NAME.fullmatch(run_id):
        return None
    return ModelUri(text, run_id=run_id, path=path.rstrip("/"))


def _stored(text: str, *, ours: bool) -> ModelUri | None:
    """`ours`: the place is certainly MLflow's, so that a run's folder is enough."""
    logged = _MODEL_SEGMENT.search(text)
    if logged is not None:
        return ModelUri(text, model_id=logged.group(1), path=text[logged.end() :].strip("/"))
    run = _RUN_SEGMENT.search(text) or (_ANY_RUN_SEGMENT.search(text) if ours else None)
    if run is None:
        return None
    return ModelUri(text, run_id=run.group(1), path=text[run.end() :].strip("/"))
