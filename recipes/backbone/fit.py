"""The training loop."""

from __future__ import annotations

import copy
import ctypes
import math
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from kuzov.network import bfloat16_available
from recipes.backbone.augment import augment
from recipes.backbone.network import EfficientNetLite
from recipes.backbone.photos import Pixels, StanfordCars
from recipes.backbone.recipe import Phase, Recipe

Tell = Callable[[str], None]
STEPS_TOLD = 25
THREADS = 2


class Classifier(nn.Module):
    """A backbone and a linear or a cosine head."""

    def __init__(self, backbone: EfficientNetLite, classes: int, cosine_scale: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(1280, classes)
        self.cosine_scale = cosine_scale

    def score(self, features: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes) of features (N, 1280)."""
        if not self.cosine_scale:
            logits: torch.Tensor = self.head(features)
            return logits
        directions = functional.normalize(self.head.weight)
        return functional.linear(functional.normalize(features), directions) * self.cosine_scale


class Views:
    """Batches of augmented photos; the same views for the same seed, epoch and photo."""

    def __init__(self, cars: StanfordCars, recipe: Recipe) -> None:
        self._cars, self._recipe = cars, recipe
        self._rows = cars.rows(training=True, held_out=recipe.held_out)
        labels, self._columns = np.unique(cars.labels[self._rows], return_inverse=True)
        self.classes = len(labels)
        self.steps = len(self._rows) // recipe.batch

    def batches(self, epoch: int, image_px: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All photos once, but for those that fill no batch: uint8 (B, 3, P, P) and columns (B,)."""
        order = np.random.default_rng([self._recipe.seed, epoch]).permutation(len(self._rows))
        batches = order[: self.steps * self._recipe.batch].reshape(self.steps, -1)

        def view(number: int) -> Pixels:
            row = int(self._rows[number])
            rng = np.random.default_rng([self._recipe.seed, epoch, row])
            return augment(self._cars.pixels[row], image_px, self._recipe.augmentation, rng)

        def load(batch: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
            views = np.stack([view(int(number)) for number in batch]).transpose(0, 3, 1, 2)
            return torch.from_numpy(views), torch.from_numpy(self._columns[batch])

        with ThreadPoolExecutor(THREADS) as pool:  # Pillow works while Python's lock is free
            ahead = [pool.submit(load, batch) for batch in batches[:THREADS]]
            for batch in [*batches[THREADS:], *[None] * len(ahead)]:
                yield ahead.pop(0).result()
                if batch is not None:
                    ahead.append(pool.submit(load, batch))


@dataclass(slots=True, kw_only=True)
class Run:
    """What a training continues from."""

    model: Classifier
    average: Classifier
    optimiser: torch.optim.Optimizer
    step: int = 0
    epoch: int = 0


def fit(
    cars: StanfordCars, backbone: EfficientNetLite, recipe: Recipe, checkpoint: Path, tell: Tell
) -> Classifier:
    """Train, or go on from the checkpoint, a whole epoch at a time.

    Args:
        cars: The photos; its training split without the recipe's held-out models is learned.
        backbone: Where to start from.
        recipe: How.
        checkpoint: File that is replaced after each epoch.
        tell: Called with lines of progress.

    Returns:
        The averaged network.
    """
    keep_memory()
    backbone.freeze(recipe.frozen_blocks)
    torch.manual_seed(recipe.seed)
    views = Views(cars, recipe)
    run = _begin(backbone, views.classes, recipe)
    if checkpoint.exists():
        _restore(run, checkpoint)
        tell(f"going on after epoch {run.epoch}")
    epochs = [phase for phase in recipe.phases for _ in range(phase.epochs)]
    steps = len(epochs) * views.steps
    for epoch in range(run.epoch, len(epochs)):
        _fit_epoch(run, views, epoch, epochs[epoch], recipe, steps, tell)
        run.epoch = epoch + 1
        _save(run, checkpoint)
    return run.average if recipe.average_decay else run.model


def keep_memory() -> None:
    """Have the C library keep the memory it frees; to fetch it anew each step costs a third of the time."""
    if platform.libc_ver()[0] == "glibc":
        libc, trim_threshold, mmap_most, arena_most = ctypes.CDLL(None), -1, -4, -8
        libc.mallopt(arena_most, 1)
        libc.mallopt(mmap_most, 0)
        libc.mallopt(trim_threshold, -1)


def _begin(backbone: EfficientNetLite, classes: int, recipe: Recipe) -> Run:
    model = Classifier(backbone, classes, recipe.cosine_scale)
    average = copy.deepcopy(model)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device, memory_format=torch.channels_last)
    average.to(device, memory_format=torch.channels_last).eval().requires_grad_(requires_grad=False)
    groups = [
        {"params": model.backbone.parameters(), "peak": recipe.learning_rate},
        {"params": model.head.parameters(), "peak": recipe.head_learning_rate},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return Run(model=model, average=average, optimiser=optimiser)


def _fit_epoch(
    run: Run, views: Views, epoch: int, phase: Phase, recipe: Recipe, steps: int, tell: Tell
) -> None:
    run.model.train()
    device = next(run.model.parameters()).device
    losses, started = [], time.monotonic()
    for number, (images, labels) in enumerate(views.batches(epoch, phase.image_px), 1):
        _set_rates(run.optimiser, run.step / steps, recipe.warm_up)
        loss = _loss(run.model, images.to(device), labels.to(device), recipe.label_smoothing)
        run.optimiser.zero_grad()
        loss.backward()
        run.optimiser.step()
        run.step += 1
        _move_average(run, recipe.average_decay)
        losses.append(float(loss.detach()))
        if number % STEPS_TOLD == 0:
            rate = number * recipe.batch / (time.monotonic() - started)
            recent = np.mean(losses[-STEPS_TOLD:])
            tell(f"epoch {epoch + 1} step {number} loss {recent:.3f} {rate:.0f} photos/s")
    tell(f"epoch {epoch + 1} done: loss {np.mean(losses):.3f}, {time.monotonic() - started:.0f} s")


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where it is quick: a CPU that has no instructions for it takes ten times as long."""
    quick = device.type != "cpu" or bfloat16_available()
    return torch.autocast(device.type, torch.bfloat16, enabled=quick)


def _loss(
    model: Classifier, images: torch.Tensor, labels: torch.Tensor, label_smoothing: float
) -> torch.Tensor:
    with half_precision(images.device):
        features = model.backbone(images)
    return functional.cross_entropy(model.score(features), labels, label_smoothing=label_smoothing)


def _set_rates(optimiser: torch.optim.Optimizer, progress: float, warm_up: float) -> None:
    """One cycle: up and down again along half cosines (Smith and Topin, "Super-Convergence", 2018)."""
    if progress < warm_up:
        factor = 0.04 + 0.96 * (1 - math.cos(math.pi * progress / warm_up)) / 2
    else:
        factor = (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))) / 2
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * max(factor, 1e-4)


def _move_average(run: Run, decay: float) -> None:
    if not decay:
        return
    decay = min(decay, (1 + run.step) / (10 + run.step))  # the first steps are soon forgotten
    with torch.no_grad():
        for mean, value in zip(
            run.average.state_dict().values(), run.model.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


def _save(run: Run, checkpoint: Path) -> None:
    state = {
        "model": run.model.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "step": run.step,
        "epoch": run.epoch,
    }
    part = checkpoint.with_suffix(".part")
    torch.save(state, part)
    part.replace(checkpoint)


def _restore(run: Run, checkpoint: Path) -> None:
    state = torch.load(checkpoint, map_location=next(run.model.parameters()).device)
    run.model.load_state_dict(state["model"])
    run.average.load_state_dict(state["average"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.step, run.epoch = state["step"], state["epoch"]
