"""Which face model speaks here, and how near is near enough for it. A distance means something for one model alone.

The model's number is the first byte of every template, so a template of another model never opens here and is never matched
(`sealing.unpack_template`); its owner is asked again, for a new model is a new way of making face data.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """How often a threshold was wrong, of how many tries: `python -m gate calibrate` counts them."""

    genuine: int
    falsely_refused: int
    impostors: int
    falsely_accepted: int
    of: str  # which pictures


@dataclass(frozen=True)
class FaceModel:
    number: int  # 1 to 255: in each template
    name: str
    threshold: float  # Euclidean; below it two faces are one person
    measured: Measured


# Not the library's 0.6: at that distance children, and East Asian faces, match one another. Few pictures: the upper ends of
# what may be wrong are wide, so a community measures with volunteers of its own (docs/calibration.md).
DLIB_5_POINT = FaceModel(
    number=1,
    name="dlib ResNet, 5-point landmarks, HOG",
    threshold=0.45,
    measured=Measured(
        genuine=4,
        falsely_refused=0,
        impostors=17,
        falsely_accepted=0,
        of="the photographs that the tests read, at 800 px",
    ),
)
CURRENT = DLIB_5_POINT
