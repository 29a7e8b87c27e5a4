"""From a folder of photos to a bundle and a run folder."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuzov.bundle.card import Card
from kuzov.config import TrainConfig
from kuzov.data.dataset import Dataset
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.familiarity import UNKNOWN_THRESHOLD
from kuzov.training.candidate import Candidate, first_stage, second_stage
from kuzov.training.export import Proof, export_bundle
from kuzov.training.features import default_cache
from kuzov.training.judgement import judge_head
from kuzov.training.learning_set import LearningSet, embed_dataset
from kuzov.training.progress import Progress, silent
from kuzov.training.run_folder import collect_metrics, write_run
from kuzov.training.shots import SHOT_DRAWS, Draw, draw_shots
from kuzov.training.tensorboard import log_first_stage, log_photos

MOST_PROOF_PHOTOS = 200
"""Photos that an exported bundle is compared on; all would fill the memory where thousands are left over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """Where a run left what it made, and how good it is.

    Attributes:
        bundle: The new version's folder.
        run_folder: metrics.json and config.toml; once the report is written, pictures and report.html too.
        metrics: The content of metrics.json.
    """

    bundle: Path
    run_folder: Path
    metrics: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The object that `kuzov train --json` prints."""
        keys = ("validation", "cross_validation", "shots", "ece", "seconds", "kept")
        return {
            "bundle": str(self.bundle),
            **{key: self.metrics[key] for key in keys},
            "run": str(self.run_folder),
        }


def run_training(
    dataset: Dataset,
    out: Path,
    config: TrainConfig,
    *,
    runs: Path,
    shots: int | None = None,
    fine_tuning: bool = False,
    tensorboard: Path | None = None,
    progress: Progress = silent,
    started: float | None = None,
) -> TrainResult:
    """Learn from photos, all but the report; the other arguments are those of `kuzov.train`.

    The seconds that are reported count from `started`, a reading of `time.monotonic`, or from the call.
    """
    started = time.monotonic() if started is None else started
    cache, backbone = default_cache(), find_backbone(config.backbone)
    everything = embed_dataset(dataset, backbone, config, cache, progress=progress)
    draws = _draw(everything, shots, config)
    data = everything.divided(draws[0].known, draws[0].others) if draws else everything
    progress("head", 0, 2)
    candidate, choice = first_stage(data, backbone, config)
    progress("head", 1, 2)
    strength = choice.inverse_regularisation
    judgement = judge_head(everything, draws, config, inverse_regularisation=strength)
    progress("head", 2, 2)
    if tensorboard is not None:
        log_first_stage(tensorboard, data, candidate, choice, judgement, config)
    history = None
    if fine_tuning:
        tuned, history = second_stage(
            data,
            candidate,
            backbone,
            config,
            inverse_regularisation=strength,
            cache=cache,
            tensorboard=tensorboard,
            progress=progress,
        )
        if tuned.is_better_than(candidate, data.labels[data.validation]):
            candidate = tuned
    if tensorboard is not None:
        log_photos(tensorboard, data, candidate)
    metrics = collect_metrics(data, candidate, choice, judgement, config, fine_tune_history=history)
    progress("export", 0, 1)
    bundle = _export(out, data, candidate, backbone, metrics)
    progress("export", 1, 1)
    metrics |= {"bundle": str(bundle), "seconds": round(time.monotonic() - started, 2)}
    write_run(runs / bundle.name, metrics, config)
    return TrainResult(bundle=bundle, run_folder=runs / bundle.name, metrics=metrics)


def _draw(data: LearningSet, shots: int | None, config: TrainConfig) -> list[Draw]:
    """The draws of a run with few shots, of which the first is exported; none in any other run."""
    if shots is None:
        return []
    return draw_shots(data.labels, data.groups, shots=shots, draws=SHOT_DRAWS, seed=config.seed)


def _export(
    out: Path, data: LearningSet, candidate: Candidate, backbone: Backbone, metrics: dict[str, Any]
) -> Path:
    card = Card(
        classes=data.names,
        backbone=backbone.name,
        image_px=backbone.image_px,
        temperature=candidate.classifier.temperature,
        unknown_threshold=UNKNOWN_THRESHOLD,
        precision="f32",
        metrics={key: metrics[key] for key in ("validation", "cross_validation", "ece", "kept")},
        data={key: metrics["data"][key] for key in ("train", "validation", "fingerprint")},
        versions=metrics["versions"],
        config=metrics["config"],
    )
    every = math.ceil(len(data.dataset.validation) / MOST_PROOF_PHOTOS)
    asked = slice(data.validation.start, None, every)
    proof = Proof(
        images=data.frames(asked, backbone.image_px),
        probabilities=candidate.classifier.probabilities(candidate.validation_features[::every]),
        unknown=candidate.classifier.unknown(candidate.validation_features[::every]),
    )
    return export_bundle(out, candidate.backbone, candidate.classifier, card, proof)
