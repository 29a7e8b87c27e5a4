"""Plain values that cross the layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kuzov.words import Words

if TYPE_CHECKING:  # the client needs these records, and no NumPy
    import numpy.typing as npt


DEFAULT_SIGNATURE = "serving_default"  # what a request means that names none


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassName:
    """A class of the recogniser: the folder's name and what people see.

    Attributes:
        id: The class id, as in labels.txt.
        en: Display name in English; the id where none was given.
        ru: Display name in Russian; the id where none was given.
    """

    id: str
    en: str
    ru: str

    @property
    def words(self) -> Words:
        """What people see, in both languages."""
        return Words(self.en, self.ru)


# From this chance on that the name is right people are told it without a "perhaps": wrong and sure costs four
# times what right and doubtful does (docs/adr/0018).
SURE = 0.8


Box = tuple[float, float, float, float]  # left, top, right, bottom
MOST_CARS = 8  # told of a photo
ATLAS = "atlas"  # stands for the models that kuzov knows by itself where a model's folder is named
LEAST_CAR_PX = 48  # of a side; smaller cars have too few pixels to be sure of


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A car that was found in a photo.

    Attributes:
        box: Where, as fractions of the photo's sides, 0..1.
        score: How sure the detector is that it is a car, 0..1.
        small: Whether it has too few pixels to be sure of what it is.
    """

    box: Box
    score: float
    small: bool = False

    def measured(self, size: tuple[int, int], least_px: int = LEAST_CAR_PX) -> Car:
        """The same car, small where a side has fewer pixels than that in a photo of this width and height."""
        left, top, right, bottom = self.box
        side_px = min((right - left) * size[0], (bottom - top) * size[1])
        return replace(self, small=side_px < least_px)

    def to_json(self) -> dict[str, object]:
        """The object that stands for it in answers."""
        return {"box": list(self.box), "score": self.score, "small": self.small}


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    """The model of kuzov's own atlas that a car of none of the user's classes looks like.

    Attributes:
        model: Its id in the atlas.
        probability: How likely it is that one, 0..1.
        name: What people see of it.
    """

    model: str
    probability: float
    name: ClassName

    def to_json(self) -> dict[str, object]:
        """The object that stands for it in answers."""
        return {"model": self.model, "probability": self.probability, "name": self.name.en}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a recogniser says of one photo.

    Attributes:
        photo: The photo's path, or the name its sender gave it.
        label: Class id of the most probable class.
        probability: Its probability, 0..1.
        probabilities: Probability of each class by class id, in the order of the model's columns. A server
            that does not tell its classes (plain TensorFlow Serving) leaves only the most probable one here.
        unknown: How sure the recogniser is that the photo shows none of its classes, 0..1.
        is_unknown: Whether `unknown` is over the bundle's threshold.
        names: Display names by class id; empty where they are not known.
        car: The car that was asked about, its box the part of the photo that was shown to the network; None
            where none was looked for or found, and the whole photo was shown.
        no_car: Whether a car was looked for, and none found.
        look_alike: What it looks like instead, where it is unknown; None where that is not known either.
        note: What is to be known of the photo itself, such as that a part of it is missing; or None.
    """

    photo: str
    label: str
    probability: float
    probabilities: Mapping[str, float]
    unknown: float
    is_unknown: bool
    names: Mapping[str, ClassName]
    car: Car | None = None
    no_car: bool = False
    look_alike: LookAlike | None = None
    note: Words | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether to say "perhaps": the photo does not count as unknown, but the name may well be wrong."""
        return not self.is_unknown and (1 - self.unknown) * self.probability < SURE

    def to_json(self) -> dict[str, object]:
        """The object that `--json` prints for this photo."""
        return {
            "photo": self.photo,
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(self.probabilities),
            "unknown": self.unknown,
            "is_unknown": self.is_unknown,
            "is_doubtful": self.is_doubtful,
            "look_alike": self.look_alike.to_json() if self.look_alike else None,
            "no_car": self.no_car,
            "car": self.car.to_json() if self.car else None,
            "note": str(self.note) if self.note else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A tensor of a signature.

    Attributes:
        dtype: TensorFlow's name of the type: DT_FLOAT, DT_STRING, DT_INT32, …
        shape: Its sizes, -1 where any size goes; None where even the rank is open.
        name: Name of the tensor in the graph, as the metadata shows it.
    """

    dtype: str
    shape: tuple[int, ...] | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One way to call a servable: named inputs, named outputs.

    Attributes:
        inputs: What it takes, by name.
        outputs: What it gives, by name.
        method_name: TensorFlow's word for what it does, as tensorflow/serving/predict.
        defaults: Values for inputs that a gRPC request may leave out.
    """

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    method_name: str
    defaults: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
