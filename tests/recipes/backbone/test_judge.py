from __future__ import annotations

import torch

from recipes.backbone.fit import Classifier
from recipes.backbone.judge import validation_accuracy
from recipes.backbone.network import EfficientNetLite
from recipes.backbone.photos import StanfordCars


def test_accuracy_counts_the_right_answers_of_the_models_learned(cars: StanfordCars) -> None:
    torch.manual_seed(0)
    model = Classifier(EfficientNetLite(width=0.25, depth=0.3), 2, 0.0)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([0.0, 1.0]))  # always the second model learned: number 2

    assert validation_accuracy(model, cars, 32, held_out=[1]) == 0.5
    assert validation_accuracy(model, cars, 32, held_out=[0]) == 0.5
