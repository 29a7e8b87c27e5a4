"""The prototypes of the atlas, and how likely a model is at a cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from kuzov.model.atlas import Atlas
from kuzov.model.calibrator import Array
from kuzov.model.familiarity import Discriminants
from kuzov.model.head import Features, directions, normalise
from recipes.calibrator.folders import line
from recipes.calibrator.photos import TAUGHT_VIEWS, Source

ASKED = (0, TAUGHT_VIEWS, TAUGHT_VIEWS + 1)  # views: as it is, and two worse captures
START = (20.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questions:
    """Photos (N, D), and the column of the model that each shows, (N,); -1 for none of the atlas."""

    features: Features
    columns: npt.NDArray[np.int64]


def learn_atlas(
    sources: Mapping[str, Source],
    background: Features,
    names: Sequence[str],
    models: Sequence[str],
    discriminants: Discriminants,
) -> Atlas:
    """Learn from Stanford Cars' models and those of more-cars, half of whose photos make the prototypes.

    Args:
        sources: As `embed_sources` gives them.
        background: Prototypes of Stanford Cars' models.
        names: Their names in Stanford Cars.
        models: Ids of all in the atlas, those of more-cars last, in alphabetical order.
        discriminants: The axes.
    """
    more = sources["more-cars"]
    further = np.unique(more.models)
    taught = np.arange(len(more.models)) % 2 == 0
    means = [
        directions(more.features[taught & (more.models == model), :TAUGHT_VIEWS]).mean(axis=(0, 1))
        for model in further
    ]
    prototypes = discriminants.project(np.concatenate([background, normalise(np.stack(means))]))
    atlas = Atlas(
        models=tuple(models),
        discriminants=discriminants,
        prototypes=prototypes.T.copy(),
        scale=START[0],
        stranger=START[1],
    )
    columns = {name: column for column, name in enumerate([*names, *further])}
    known = [_questions(sources["stanford"], columns), _questions(more, columns, ~taught)]
    lines = {line(("", name)) for name in columns}
    views = sources["views"]
    unseen = np.array([line(("", model)) not in lines for model in views.models])
    strange = [
        _questions(views, {}, unseen),
        *(_questions(sources[name], {}) for name in ("streets", "no car")),
    ]
    return _fit(atlas, known, strange)


def _questions(
    source: Source, columns: Mapping[str, int], rows: npt.NDArray[np.bool_] | None = None
) -> _Questions:
    chosen = slice(None) if rows is None else rows
    shown = source.features[chosen][:, ASKED]
    found = np.array([columns.get(str(model), -1) for model in source.models[chosen]])
    return _Questions(features=shown.reshape(-1, shown.shape[2]), columns=np.repeat(found, len(ASKED)))


def _fit(atlas: Atlas, known: Sequence[_Questions], strange: Sequence[_Questions]) -> Atlas:
    """The scale and the stranger's score that make the truth likeliest.

    Known photos are asked twice, the second time without their own model's prototype, as strangers that
    resemble a model. Known and strange count alike, and so does each source among them.
    """
    of_known = [_cosines(atlas, each) for each in known]
    cosines = [*of_known, *(each.copy() for each in of_known), *(_cosines(atlas, each) for each in strange)]
    columns = [each.columns for each in (*known, *known, *strange)]
    for hidden in range(len(known), 2 * len(known)):
        cosines[hidden][np.arange(len(cosines[hidden])), columns[hidden]] = -np.inf
        columns[hidden] = np.full(len(columns[hidden]), -1)
    weights = [1 / len(known)] * len(known) + [1 / (len(cosines) - len(known))] * (len(cosines) - len(known))

    def loss(scores: Array) -> float:
        scale, stranger = scores
        told = 0.0
        for each, truth, weight in zip(cosines, columns, weights, strict=True):
            logits = np.hstack([scale * each, np.full((len(each), 1), stranger)])
            told -= weight * float(log_softmax(logits, axis=1)[np.arange(len(each)), truth].mean())
        return told

    found = minimize(loss, START, method="Nelder-Mead").x
    return replace(atlas, scale=float(found[0]), stranger=float(found[1]))


def _cosines(atlas: Atlas, asked: _Questions) -> Array:
    shown = atlas.discriminants.project(directions(asked.features))
    return np.asarray(shown @ atlas.prototypes, np.float64)
