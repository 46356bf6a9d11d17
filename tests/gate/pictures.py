"""Pictures good and bad, made in memory; and the shared photographs, read where they lie and never copied."""

import functools
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from gate import faces, photos
from portal.portraits import portrait

ROOT = Path(__file__).resolve().parents[2]
# How every file of a picture begins here: long enough that no sealed bytes begin so by chance.
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
SHARED = ROOT.parent / "shared" / "faces"
needs_shared_faces = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared faces")


@functools.cache
def shared(name: str) -> bytes:
    return (SHARED / name).read_bytes()


@functools.cache
def drawn(person: int, take: int = 0) -> bytes:
    return portrait(person, take)


@functools.cache
def drawn_image(person: int, take: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(drawn(person, take))).convert("RGB")


@functools.cache
def judged(data: bytes) -> faces.Face:
    return faces.judge(photos.read_photo(data))


@functools.cache
def enrolled(first: bytes, second: bytes) -> faces.Encoding:
    return faces.enrol(first, second)


def as_file(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def blurred(image: Image.Image, radius: float) -> bytes:
    return as_file(image.filter(ImageFilter.GaussianBlur(radius)))


def lit(image: Image.Image, change) -> bytes:
    return as_file(image.point(lambda value: max(0, min(255, round(change(value))))))


def noise(width: int = 640, height: int = 480) -> Image.Image:
    dice = np.random.default_rng(5)
    return Image.fromarray(dice.integers(0, 255, (height, width, 3), dtype=np.uint8))


def beside(*images: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (sum(i.width for i in images), max(i.height for i in images)), "white")
    x = 0
    for image in images:
        sheet.paste(image, (x, 0))
        x += image.width
    return sheet


def huge_png(width: int = 50_000, height: int = 50_000) -> bytes:
    """A valid header and a few bytes: whoever decodes before looking at the size runs out of memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def huge_jpeg() -> bytes:
    """The size in the JPEG's own header changed to 50,000 x 50,000."""
    data = bytearray(as_file(Image.new("RGB", (64, 64), "grey")))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 50_000, 50_000)
    return bytes(data)


def animated_gif() -> bytes:
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("red", "green", "blue")]
    return as_file(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)


def heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)


def avif() -> bytes:
    return b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1" + bytes(200)


def sideways(image: Image.Image, orientation: int = 6) -> bytes:
    """Pixels lie on their side, and EXIF says so."""
    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = orientation
    return as_file(image.transpose(turn[orientation]), exif=exif, quality=92)


def with_place(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker-4711"
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 16.0, 27.0), 3: "E", 4: (120.0, 9.0, 18.0)})
    return as_file(image, exif=exif)
