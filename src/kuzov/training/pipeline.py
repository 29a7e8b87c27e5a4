"""From a folder of photos to a bundle and a run folder."""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kuzov.bundle.card import Card
from kuzov.bundle.layout import UNPUBLISHED, newest, versions
from kuzov.bundle.learned_from import LearnedFrom
from kuzov.bundle.publish import publish, version_of
from kuzov.cache import default_cache
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.calibrator import UNKNOWN_THRESHOLD
from kuzov.training.assignment import Assignment
from kuzov.training.candidate import Candidate, first_stage
from kuzov.training.export import prove_bundle, write_bundle
from kuzov.training.judgement import judge_head
from kuzov.training.kept_photos import KEPT_PHOTOS
from kuzov.training.learning_set import LearningSet, embed_dataset
from kuzov.training.prove import Proof, ProofError
from kuzov.training.run_folder import collect_metrics, write_run
from kuzov.training.shots import SHOT_DRAWS, Draw, draw_shots
from kuzov.training.succession import Succession, compare
from kuzov.training.workspace import own_workspace

log = logging.getLogger(__name__)

MOST_PROOF_PHOTOS = 200
"""Photos that an exported bundle is compared on; all would fill the memory where thousands are left over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """Where a run left what it made, and how good it is.

    Attributes:
        bundle: The new version's folder.
        run_folder: metrics.json, config.toml, pictures and report.html.
        metrics: The content of metrics.json.
        succession: How it differs from the newest version before it, where that was asked.
    """

    bundle: Path
    run_folder: Path
    metrics: dict[str, Any]
    succession: Succession | None = None

    @property
    def published(self) -> bool:
        """Whether servers find it; else `kuzov.api.publish` has them do so."""
        return self.succession is None or self.succession.may_replace

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov train --json` prints."""
        keys = ("validation", "cross_validation", "shots", "ece", "seconds", "kept")
        return {
            "bundle": str(self.bundle),
            "published": self.published,
            "succession": None if self.succession is None else self.succession.to_json(),
            **{key: self.metrics[key] for key in keys},
            "run": str(self.run_folder),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned:
    """What a run came to, before any of it is published."""

    data: LearningSet
    candidate: Candidate
    metrics: dict[str, Any]

    @property
    def rights(self) -> list[bool]:
        """About which validation photos it is right, and does not call the car unknown."""
        photos = self.metrics["photos"]
        return [each["predicted"] == each["label"] and not each["is_unknown"] for each in photos]


def run_training(assignment: Assignment) -> TrainResult:
    """Learn from photos, and publish.

    Where a model that has learned from features in int8 fails its proof, it learns from those in float32.
    """
    backbone = find_backbone(assignment.config.backbone)
    try:
        return _train(assignment, backbone)
    except ProofError as error:
        if backbone.frozen().quantised is None:
            raise
        log.warning("In int8 and in float32 the model would answer differently. %s", error)
        log.warning("It learns anew, in float32 alone, and will be served so.")
        return _train(assignment, replace(backbone, in_float=True))


def _train(assignment: Assignment, backbone: Backbone) -> TrainResult:
    """`run_training`, on a backbone."""
    with ExitStack() as until_published:
        learned = _learn(assignment, backbone, until_published)
        assignment.progress("export", 0, 1)
        succession = _succession(assignment, learned)
        replaces = succession is None or succession.may_replace
        bundle = _publish(
            assignment, learned, backbone, assignment.out if replaces else assignment.out / UNPUBLISHED
        )
    assignment.progress("export", 1, 1)
    run_folder = assignment.runs / bundle.name
    return TrainResult(bundle=bundle, run_folder=run_folder, metrics=learned.metrics, succession=succession)


def _learn(assignment: Assignment, backbone: Backbone, until_published: ExitStack) -> _Learned:
    """What there is to publish; until that is done, the epochs of a fine-tuning are kept."""
    config, progress, logs = assignment.config, assignment.progress, assignment.tensorboard
    everything = embed_dataset(assignment.dataset, backbone, config, default_cache(), progress=progress)
    draws: list[Draw] = []  # the first becomes the bundle, all judge
    if assignment.shots is not None:
        draws = draw_shots(
            everything.labels, everything.groups, shots=assignment.shots, draws=SHOT_DRAWS, seed=config.seed
        )
    data = everything.divided(draws[0].known, draws[0].others) if draws else everything
    progress("head", 0, 2)
    candidate, choice = first_stage(data, backbone, config)
    progress("head", 1, 2)
    strength = choice.inverse_regularisation
    judgement = judge_head(everything, draws, config, inverse_regularisation=strength)
    progress("head", 2, 2)
    if logs is not None:
        from kuzov.training.tensorboard import log_first_stage  # noqa: PLC0415

        log_first_stage(logs, data, candidate, choice, judgement, config)
    history = None
    if assignment.fine_tuning:
        workspace = own_workspace(default_cache(), data.dataset.train, backbone, config)
        kept = until_published.enter_context(workspace)
        candidate, history = _fine_tune(assignment, data, candidate, backbone, strength, kept)
    if logs is not None:
        from kuzov.training.tensorboard import log_photos  # noqa: PLC0415

        log_photos(logs, data, candidate)
    metrics = collect_metrics(data, candidate, choice, judgement, config, fine_tune_history=history)
    return _Learned(data=data, candidate=candidate, metrics=metrics)


def _fine_tune(
    assignment: Assignment,
    data: LearningSet,
    first: Candidate,
    backbone: Backbone,
    strength: float,
    workspace: Path,
) -> tuple[Candidate, Mapping[str, Sequence[float]]]:
    """The better candidate of the first stage's and the second's, and the latter's curve."""
    # Keras and TensorFlow, which only this needs.
    from kuzov.training.second_stage import second_stage  # noqa: PLC0415

    tuned, history = second_stage(
        data,
        first,
        backbone,
        assignment.config,
        inverse_regularisation=strength,
        workspace=workspace,
        logs=assignment.tensorboard,
        progress=assignment.progress,
    )
    better = tuned.is_better_than(first, data.labels[data.validation])
    return tuned if better else first, history


def _succession(assignment: Assignment, learned: _Learned) -> Succession | None:
    """How it differs from the newest version, where it hangs on that whether it is published."""
    if assignment.publish_always or not versions(assignment.out):
        return None
    data = learned.data
    return compare(newest(assignment.out), data.names, data.dataset.validation, learned.rights)


def _publish(assignment: Assignment, learned: _Learned, backbone: Backbone, base: Path) -> Path:
    """Write the version and the run's folder, both or neither; returns the version's folder, in `base`."""
    candidate, metrics = learned.candidate, learned.metrics
    with ExitStack() as undo:

        def write(version_dir: Path) -> None:
            proof = _write_version(version_dir, learned, backbone)
            target, run_folder = (each / str(version_of(version_dir)) for each in (base, assignment.runs))
            if not run_folder.exists():
                undo.callback(_remove_unless_published, run_folder, target)
            metrics.update(bundle=str(target), seconds=round(time.monotonic() - assignment.started, 2))
            with ThreadPoolExecutor(1) as beside:
                proved = beside.submit(
                    prove_bundle, version_dir, candidate.network, candidate.classifier, proof
                )
                write_run(run_folder, metrics, assignment.config)
                assignment.report(run_folder, version_dir)
            proved.result()

        bundle = publish(base, write)
        undo.pop_all()
    return bundle


def _remove_unless_published(run_folder: Path, version_dir: Path) -> None:
    """Undo a run; a signal may have come just after its version was published."""
    if not version_dir.exists():
        shutil.rmtree(run_folder, ignore_errors=True)


def _write_version(folder: Path, learned: _Learned, backbone: Backbone) -> Proof:
    """Write a version, and tell what is to prove it."""
    data, classifier, metrics = learned.data, learned.candidate.classifier, learned.metrics
    card = Card(
        classes=data.names,
        backbone=backbone.name,
        image_px=backbone.image_px,
        temperature=classifier.temperature,
        unknown_threshold=UNKNOWN_THRESHOLD,
        precision="f32",
        metrics={key: metrics[key] for key in ("validation", "cross_validation", "ece", "kept")},
        data={key: metrics["data"][key] for key in ("train", "validation", "fingerprint")},
        versions=metrics["versions"],
        config=metrics["config"],
        atlas=classifier.atlas.models if classifier.atlas else (),
    )
    every = math.ceil(len(data.dataset.validation) / MOST_PROOF_PHOTOS)
    asked = learned.candidate.validation_features[::every]
    proof = Proof(
        images=data.frames(slice(data.validation.start, None, every), backbone.image_px),
        probabilities=classifier.probabilities(asked),
        unknown=classifier.unknown(asked),
    )
    KEPT_PHOTOS.clear()
    write_bundle(folder, learned.candidate.network, classifier, card)
    LearnedFrom.of(photo.digest for photo in data.dataset.train).write(folder)
    return proof
