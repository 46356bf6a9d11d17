"""Pictures from strangers, decoded safely: limits first, pixels after, and nothing but pixels comes out.

`read_photo` returns plain RGB; place, time, camera and thumbnail that travelled inside the file end here.
"""

import io
import struct
import threading
import warnings
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError

Pixels = npt.NDArray[np.uint8]

FILE_LIMIT = 12 * 1024 * 1024
PIXEL_LIMIT = 40_000_000
# Detection by HOG on 2 cores: 640 px 0.02-0.04 s, 800 px 0.03-0.05 s, 1000 px 0.05-0.08 s, full size 0.8-1.1 s. At 800
# every face of the test photographs is found without upsampling and the smallest is 104 px wide.
LONGER_SIDE = 800

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
# Read only far enough to say "animated" or "not this format" instead of "not a picture".
_RECOGNISED = (*_FORMATS, "GIF")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"BM", b"GIF8")
_OTHER_MAGIC = (
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"%PDF",
    b"\x00\x00\x00\x0cjP",
    b"\xff\x0a",
    b"8BPS",
)
_HEIF_BRANDS = (
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"mif1",
    b"msf1",
    b"avif",
    b"avis",
)
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises for damaged files, by format and by depth of the damage.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
)
_decoding = threading.Lock()


class Refusal(StrEnum):
    """Why a photo, or a pair of photos, cannot be used. Each has its own words on the screen."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    TRUNCATED = "truncated"
    TOO_MANY_PIXELS = "too_many_pixels"
    FILE_TOO_LARGE = "file_too_large"
    ANIMATED = "animated"
    FORMAT_NOT_SUPPORTED = "format_not_supported"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    CUT_OFF = "cut_off"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    DIFFERENT_PEOPLE = "different_people"
    SAME_PICTURE = "same_picture"


class PhotoRefused(Exception):
    """`which` is 1 or 2 where one photo of a pair is to blame, None where the pair is."""

    def __init__(self, reason: Refusal, which: int | None = None) -> None:
        super().__init__(reason.value if which is None else f"{reason.value} (photo {which})")
        self.reason = reason
        self.which = which


def read_photo(data: bytes) -> Pixels:
    """The picture as height x width x 3 RGB, upright, its longer side at most LONGER_SIDE."""
    return np.array(_read(data, LONGER_SIDE), dtype=np.uint8)


def plain_jpeg(data: bytes, *, longer_side: int, quality: int = 80) -> bytes:
    """The same picture written anew, in memory: of the file that came nothing is left but what can be seen."""
    out = io.BytesIO()
    picture = _read(data, longer_side)
    picture.info.clear()  # Pillow would copy a comment along
    picture.save(out, format="JPEG", quality=quality)
    return out.getvalue()


def _read(data: bytes, longer_side: int) -> Image.Image:
    _check_bytes(data)
    # Importing face_recognition switches LOAD_TRUNCATED_IMAGES on for the whole process, and half a photo would
    # then decode to grey. The switch is global, hence the lock.
    with _decoding, warnings.catch_warnings():
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        warnings.simplefilter(
            "ignore"
        )  # Pillow warns of bombs and odd metadata; the limits are checked below.
        with _open(data) as picture:
            _check_header(picture)
            return _decode(picture, longer_side)


def _check_bytes(data: bytes) -> None:
    if not data:
        raise PhotoRefused(Refusal.EMPTY)
    if len(data) > FILE_LIMIT:
        raise PhotoRefused(Refusal.FILE_TOO_LARGE)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise PhotoRefused(Refusal.FORMAT_NOT_SUPPORTED)
    if data.startswith(_OTHER_MAGIC):
        raise PhotoRefused(Refusal.FORMAT_NOT_SUPPORTED)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_RECOGNISED)
    except Image.DecompressionBombError as error:
        raise PhotoRefused(Refusal.TOO_MANY_PIXELS) from error
    except UnidentifiedImageError as error:
        # The right beginning and no readable header: a picture that lost its rest.
        reason = Refusal.TRUNCATED if data.startswith(_MAGIC) else Refusal.NOT_A_PICTURE
        raise PhotoRefused(reason) from error
    except _DAMAGE as error:
        raise PhotoRefused(Refusal.TRUNCATED) from error


def _check_header(picture: Image.Image) -> None:
    """Everything that can be known before a single pixel is decoded."""
    width, height = picture.size
    if width * height > PIXEL_LIMIT:
        raise PhotoRefused(Refusal.TOO_MANY_PIXELS)
    # Phones write JPEGs with a second picture inside (depth, gain map), which Pillow calls MPO: not an animation.
    if picture.format != "MPO":
        try:
            moving = getattr(picture, "is_animated", False)
        except _DAMAGE as error:  # counting the frames of a GIF reads the file
            raise PhotoRefused(Refusal.TRUNCATED) from error
        if moving:
            raise PhotoRefused(Refusal.ANIMATED)
        if picture.format not in _FORMATS:
            raise PhotoRefused(Refusal.FORMAT_NOT_SUPPORTED)


def _decode(picture: Image.Image, longer_side: int) -> Image.Image:
    # JPEGs decode at a half, a quarter or an eighth: a 40-megapixel photo need not become 120 MB of memory.
    picture.draft(picture.mode, (2 * longer_side, 2 * longer_side))
    try:
        picture.load()
    except _DAMAGE as error:
        raise PhotoRefused(Refusal.TRUNCATED) from error
    turn = _TURNS.get(_orientation(picture))
    plain = _to_rgb(picture)
    factor = longer_side / max(plain.size)
    if factor < 1:
        size = (
            max(1, round(plain.width * factor)),
            max(1, round(plain.height * factor)),
        )
        plain = plain.resize(size, Image.Resampling.LANCZOS)
    if turn is not None:
        plain = plain.transpose(turn)
    return plain


def _orientation(picture: Image.Image) -> Any:
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except _DAMAGE:
        return 1  # a damaged note about the camera is no reason to refuse the person


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        # Pillow clips 16-bit grey at 255 instead of scaling it: a good photo would turn white.
        grey = np.asarray(picture).astype(np.float64) / 257
        return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8), "L").convert("RGB")
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(paper, layered).convert("RGB")
    return picture.convert("RGB")
