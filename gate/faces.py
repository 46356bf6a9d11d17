"""Finding, judging and encoding faces, with dlib's HOG detector, its 5-point model and its ResNet.

This is the one place that loads dlib, on first use and once for each process: the four models cost some 100 MB and
must never sit in a web process. dlib is not safe to share across threads: use this from one thread.

Every threshold was measured on the photographs that the tests read, at photos.LONGER_SIDE, darkened, brightened and
blurred by steps, and on drawn portraits. "d" is the distance from the untouched photo's encoding.
"""

import functools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ImageFile

from gate.decide import FACE_DISTANCE
from gate.photos import PhotoRefused, Pixels, Refusal, read_photo

Encoding = npt.NDArray[np.float32]
Point = tuple[float, float]

# A second detection counts as a second face from here. Real faces score 0.89 to 2.5, false ones -0.29 to 0.01.
SECOND_FACE_SCORE = 0.2
# Share of the face's box that may lie outside the picture. Whole faces: 0. obama_partial_face.jpg: 0.23.
CUT_OFF_SHARE = 0.10
# The detector's window is 80 px: narrower faces are found only in an enlarged copy, where they are guesswork.
SMALLEST_FACE = 80
# 95th percentile of grey on the face. Photos 185 to 223; at a quarter of the light 46 to 57 (d 0.16-0.25), at 15% 27 to
# 35 (d 0.25-0.33). Taken from the bright end, so that a dark skin in fair light is not called dark.
DARK_FACE = 40.0
# Mean of grey on the face. Photos 105 to 151; washed out to a half 180 to 202 (d 0.13-0.20), to a quarter 217 to 228
# (d 0.22-0.34).
BRIGHT_FACE = 210.0
# Where no face is found: all but 1% of the picture darker than this, or its mean brighter, explains why.
DARK_PICTURE, BRIGHT_PICTURE = 40.0, 240.0
# Variance of the Laplacian over variance of grey, on the upright face (so low contrast is not called blur). Photos 0.0174
# to 0.34; Gaussian blur of 4 px 0.003 to 0.008 (d 0.21-0.58), but 0.008 for the largest face, still well encoded.
SHARP_FACE = 0.008
# Where the nose lies between the eyes, 0 to 1. Photos 0.36 to 0.64; by geometry 33 degrees of turning are 0.27 or 0.73.
NOSE_RANGE = (0.27, 0.73)
# Tilt of the line through the eyes, degrees. Photos -3 to 13; the detector itself gives up near 35.
LARGEST_TILT = 30.0
# Correlation of fine detail after aligning two faces. The same picture recompressed, halved, dimmed, brightened, cropped,
# turned, stretched, greyed, blurred or mirrored: 0.958 to 1. Two photographs of one person: -0.02 to 0.33.
SAME_PICTURE = 0.92

_CHIP = 128
_EYES_IN_CHIP = 0.40
_LIKENESS_CHIP = 64
_EYES_IN_LIKENESS = 0.30


@dataclass(frozen=True)
class Box:
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    def share_outside(self, height: int, width: int) -> float:
        """How far the box reaches over the picture's nearest edge, as a share of its own width."""
        over = max(-self.left, -self.top, self.right - width, self.bottom - height, 0)
        return over / max(1, self.width)


@dataclass(frozen=True)
class Face:
    box: Box
    landmarks: tuple[
        Point, ...
    ]  # dlib's five: two corners of one eye, two of the other, the base of the nose
    encoding: Encoding

    @property
    def eyes(self) -> tuple[Point, Point]:
        """The middle of each eye, the one further left in the picture first."""
        one, other = (
            ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in (self.landmarks[:2], self.landmarks[2:4])
        )
        return (one, other) if one[0] <= other[0] else (other, one)


@dataclass(frozen=True)
class _Models:
    detector: Any
    predictor: Any
    encoder: Any


def judge(image: Pixels) -> Face:
    """The one good face of an enrolment photo; PhotoRefused says what is wrong with it otherwise."""
    box = _one_face(image)
    if box.share_outside(*image.shape[:2]) > CUT_OFF_SHARE:
        raise PhotoRefused(Refusal.CUT_OFF)
    if box.width < SMALLEST_FACE:
        raise PhotoRefused(Refusal.TOO_SMALL)
    face = _encode(image, box)
    _check_light_and_focus(image, face)
    if not faces_the_camera(face.landmarks):
        raise PhotoRefused(Refusal.TURNED_AWAY)
    return face


def enrol(first: bytes, second: bytes) -> Encoding:
    """The mean encoding of two photos of one person. Keeps nothing of either."""
    images: list[Pixels] = []
    faces: list[Face] = []
    for which, data in enumerate((first, second), start=1):
        try:
            images.append(read_photo(data))
            faces.append(judge(images[-1]))
        except PhotoRefused as refusal:
            raise PhotoRefused(refusal.reason, which) from refusal
    if distance(faces[0].encoding, faces[1].encoding) >= FACE_DISTANCE:
        raise PhotoRefused(Refusal.DIFFERENT_PEOPLE)
    if likeness(images[0], faces[0], images[1], faces[1]) >= SAME_PICTURE:
        raise PhotoRefused(Refusal.SAME_PICTURE)
    mean: Encoding = np.mean([face.encoding for face in faces], axis=0, dtype=np.float32)
    return mean


def at_the_door(data: bytes) -> Encoding:
    """The one face in a frame of the door's camera. Quality is not judged: a poor frame simply does not match."""
    image = read_photo(data)
    return _encode(image, _one_face(image)).encoding


def distance(one: Sequence[float] | Encoding, other: Sequence[float] | Encoding) -> float:
    return float(np.linalg.norm(np.asarray(one, np.float64) - np.asarray(other, np.float64)))


def faces_the_camera(landmarks: Sequence[Point]) -> bool:
    face = Face(Box(0, 0, 0, 0), tuple(landmarks), np.empty(0, np.float32))
    left, right = face.eyes
    across = (right[0] - left[0], right[1] - left[1])
    length = across[0] ** 2 + across[1] ** 2
    if length == 0:
        return False
    nose = landmarks[4]
    along = ((nose[0] - left[0]) * across[0] + (nose[1] - left[1]) * across[1]) / length
    tilt = math.degrees(math.atan2(across[1], across[0]))
    return NOSE_RANGE[0] <= along <= NOSE_RANGE[1] and abs(tilt) <= LARGEST_TILT


def likeness(one: Pixels, face: Face, other: Pixels, other_face: Face) -> float:
    """How far two pictures are one picture: correlation of fine detail on the aligned faces, -1 to 1, mirrored or not."""
    chip = _upright(one, face, _LIKENESS_CHIP, _EYES_IN_LIKENESS)
    second = _upright(other, other_face, _LIKENESS_CHIP, _EYES_IN_LIKENESS)
    mirrored = np.ascontiguousarray(second[:, ::-1])
    return max(_correlation(chip, second), _correlation(chip, mirrored))


def _one_face(image: Pixels) -> Box:
    models = _models()
    rectangles, scores, _ = models.detector.run(image, 0, 0.0)
    if not rectangles:
        _explain_missing_face(image, models)
    if sum(score >= SECOND_FACE_SCORE for score in scores) > 1:
        raise PhotoRefused(Refusal.SEVERAL_FACES)
    best = rectangles[int(np.argmax(scores))]
    return Box(best.left(), best.top(), best.right(), best.bottom())


def _explain_missing_face(image: Pixels, models: _Models) -> None:
    grey = image.mean(axis=2)
    if np.percentile(grey, 99) < DARK_PICTURE:
        raise PhotoRefused(Refusal.TOO_DARK)
    if grey.mean() > BRIGHT_PICTURE:
        raise PhotoRefused(Refusal.TOO_BRIGHT)
    _, scores, _ = models.detector.run(image, 1, 0.0)
    if any(score >= SECOND_FACE_SCORE for score in scores):
        raise PhotoRefused(Refusal.TOO_SMALL)
    raise PhotoRefused(Refusal.NO_FACE)


def _encode(image: Pixels, box: Box) -> Face:
    import dlib

    models = _models()
    shape = models.predictor(image, dlib.rectangle(box.left, box.top, box.right, box.bottom))
    encoding = np.array(models.encoder.compute_face_descriptor(image, shape, 1), dtype=np.float32)
    return Face(box, tuple((float(p.x), float(p.y)) for p in shape.parts()), encoding)


def _check_light_and_focus(image: Pixels, face: Face) -> None:
    import cv2

    chip = _upright(image, face, _CHIP, _EYES_IN_CHIP)
    if np.percentile(chip, 95) < DARK_FACE:
        raise PhotoRefused(Refusal.TOO_DARK)
    if chip.mean() > BRIGHT_FACE:
        raise PhotoRefused(Refusal.TOO_BRIGHT)
    edges = cv2.Laplacian(chip, cv2.CV_32F)
    if edges.var() / max(float(chip.var()), 1.0) < SHARP_FACE:
        raise PhotoRefused(Refusal.BLURRED)


def _upright(image: Pixels, face: Face, size: int, eyes: float) -> npt.NDArray[np.float32]:
    """The face in grey, size x size, eyes level and `eyes * size` apart."""
    import cv2

    left, right = face.eyes
    across, down = right[0] - left[0], right[1] - left[1]
    scale = eyes * size / max(math.hypot(across, down), 1.0)
    turn = math.atan2(down, across)
    a, b = math.cos(turn) * scale, math.sin(turn) * scale
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    matrix = np.array(
        [
            [a, b, size * 0.5 - a * middle[0] - b * middle[1]],
            [-b, a, size * 0.4 + b * middle[0] - a * middle[1]],
        ]
    )
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if scale < 0.8:  # without it, shrinking would turn fine hair into noise that no other photo shares
        grey = cv2.GaussianBlur(grey, (0, 0), 0.5 / scale)
    chip: npt.NDArray[np.float32] = cv2.warpAffine(
        grey,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    return chip


def _correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Aligns `other` to `one` to a fraction of a pixel first: landmarks wander by a pixel between two sizes."""
    import cv2

    steps = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    start = np.eye(2, 3, dtype=np.float32)
    everywhere = np.full(one.shape, 255, np.uint8)
    try:
        _, matrix = cv2.findTransformECC(one, other, start, cv2.MOTION_AFFINE, steps, everywhere, 5)
    except cv2.error:
        return 0.0  # cannot be aligned at all: two different pictures
    flags = cv2.INTER_LINEAR + cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(other, matrix, one.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    fine, fine_moved = (part - cv2.GaussianBlur(part, (0, 0), 4) for part in (one, moved))
    inner = (slice(8, -8), slice(8, -8))
    return float(np.nan_to_num(np.corrcoef(fine[inner].ravel(), fine_moved[inner].ravel())[0, 1]))


@functools.cache
def _models() -> _Models:
    import cv2

    cv2.setNumThreads(1)  # worker processes and a door's small board both have better uses for their cores
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its models package still reads files through pkg_resources
            from face_recognition import api
    except SystemExit as error:
        # The library prints advice and calls quit() when its models are missing; a worker must not vanish for that.
        raise RuntimeError("face_recognition cannot load its models") from error
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return _Models(api.face_detector, api.pose_predictor_5_point, api.face_encoder)
