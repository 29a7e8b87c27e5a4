"""Folders as users might make them, and what prototypes say of photos asked about afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuzov.model.calibrator import Array, folder_facts
from kuzov.model.familiarity import Discriminants, Prototypes, make_prototypes
from kuzov.model.head import Features
from recipes.calibrator.photos import TAUGHT_VIEWS, Source

MODELS, PHOTOS = (2, 20), (1, 30)
ASKED_A_MODEL = 6
STRANGERS = (12, 40)
NO_CAR, STREETS, NEAR = 0.1, 0.1, 0.3  # parts of the strangers; the rest are any other models
NEAR_MODELS = 10  # so many of the other models, the nearest to the folder's, are near
VIEWS_SHARE = 0.1  # three photos a model, each from another side and of any generation, teach little

Model = tuple[str, str]  # source, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Photos asked about after a folder, or after all of them.

    Attributes:
        inputs: MEASURES and FACTS of each, (N, 6).
        strange: Whether it shows none of the folder's models, (N,).
        weights: So that both kinds count alike in each folder, (N,).
    """

    inputs: Array
    strange: npt.NDArray[np.bool_]
    weights: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """What folders are drawn from: rows of each model's photos in its source, and their mean features."""

    sources: Mapping[str, Source]
    rows: Mapping[Model, npt.NDArray[np.int64]]
    means: Mapping[Model, Features]
    background: Features
    discriminants: Discriminants | None


def make_up_folders(
    sources: Mapping[str, Source],
    models_of: Sequence[str],
    background: Features,
    discriminants: Discriminants | None,
    *,
    count: int,
    seed: int,
) -> Asked:
    """Draw folders of models of these sources, and ask about other photos, models, and no car."""
    rng = np.random.default_rng(seed)
    rows = {
        (name, str(model)): np.flatnonzero(sources[name].models == model)
        for name in models_of
        for model in np.unique(sources[name].models)
    }
    pool = _Pool(
        sources=sources,
        rows=rows,
        means={model: sources[model[0]].features[each, 0].mean(axis=0) for model, each in rows.items()},
        background=background,
        discriminants=discriminants,
    )
    folders = [_ask(pool, rng) for _ in range(count)]
    return Asked(
        inputs=np.concatenate([each.inputs for each in folders]),
        strange=np.concatenate([each.strange for each in folders]),
        weights=np.concatenate([each.weights for each in folders]),
    )


def _ask(pool: _Pool, rng: np.random.Generator) -> Asked:
    """One folder, taught and asked."""
    chosen = _choose(list(pool.rows), rng)
    photos = _log_uniform(PHOTOS, rng)
    taught, labels, known = [], [], []
    for column, model in enumerate(chosen):
        order, features = rng.permutation(pool.rows[model]), pool.sources[model[0]].features
        count = min(photos, len(order) - 1)
        taught.append(features[order[:count], :TAUGHT_VIEWS])
        labels += [column] * count
        known += [_capture(features[row], rng) for row in order[count:][:ASKED_A_MODEL]]
    views = np.concatenate(taught)
    prototypes = make_prototypes(
        views.reshape(-1, views.shape[2]),
        np.repeat(labels, TAUGHT_VIEWS),
        classes=len(chosen),
        background=pool.background,
        discriminants=pool.discriminants,
    )
    strangers = _strangers(pool, chosen, prototypes, int(np.clip(len(known), *STRANGERS)), rng)
    measures = prototypes.measures(np.stack([*known, *strangers]))
    facts = np.tile(folder_facts(len(labels) / len(chosen), len(chosen)), (len(measures), 1))
    strange = np.arange(len(measures)) >= len(known)
    weights = np.where(strange, 1 / len(strangers), 1 / len(known))
    return Asked(inputs=np.hstack([measures, facts]), strange=strange, weights=weights)


def _choose(models: Sequence[Model], rng: np.random.Generator) -> list[Model]:
    """The folder's models, in half of the folders mostly of one source; no two of a line."""
    names = np.array([name for name, _ in models])
    weight = np.array(
        [(VIEWS_SHARE if name == "views" else 1.0) / (names == name).sum() ** 0.5 for name in names]
    )
    if rng.random() < 0.5:
        weight = np.where(names == rng.choice(names, p=weight / weight.sum()), weight, 0.05 * weight)
    count = min(_log_uniform(MODELS, rng), len(models) - 1)
    drawn = rng.choice(len(models), count, replace=False, p=weight / weight.sum())
    chosen = list({line(models[row]): models[row] for row in drawn}.values())
    return chosen if len(chosen) > 1 else _choose(models, rng)


def line(model: Model) -> str:
    """Maker and first word of the name: sources overlap, and name generations and bodies unlike."""
    return " ".join(model[1].lower().replace("_", " ").replace("-", " ").split()[:2])


def _strangers(
    pool: _Pool, chosen: Sequence[Model], prototypes: Prototypes, count: int, rng: np.random.Generator
) -> list[Features]:
    """Features of photos that show none of the chosen models."""
    taken = {line(model) for model in chosen}
    others = [model for model in pool.rows if line(model) not in taken]
    nearness = prototypes.measures(np.stack([pool.means[model] for model in others]))[:, 0]
    near = np.argsort(-nearness)[:NEAR_MODELS]
    names = sorted({name for name, _ in others})
    found = []
    for kind in rng.choice(4, count, p=[NO_CAR, STREETS, NEAR, 1 - NO_CAR - STREETS - NEAR]):
        if kind < 2:
            features = pool.sources[("no car", "streets")[kind]].features
            found.append(_capture(features[rng.integers(len(features))], rng))
            continue
        name = rng.choice(names)
        among = near if kind == 2 else [row for row, model in enumerate(others) if model[0] == name]
        model = others[rng.choice(among)]
        found.append(_capture(pool.sources[model[0]].features[rng.choice(pool.rows[model])], rng))
    return found


def _capture(views: Features, rng: np.random.Generator) -> Features:
    """The photo as it is, or as a worse camera would have taken it."""
    first: Features = views[0 if rng.random() < 0.5 else rng.integers(TAUGHT_VIEWS, len(views))]
    return first


def _log_uniform(ends: tuple[int, int], rng: np.random.Generator) -> int:
    return round(float(np.exp(rng.uniform(*np.log(ends)))))
