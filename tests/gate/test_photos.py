"""Photos from strangers: each bad one is met with its own reason, and only pixels come out of a good one."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageFile

from gate.photos import FILE_LIMIT, LONGER_SIDE, PhotoRefused, Refusal, read_photo
from tests.gate import pictures


def reason_of(data: bytes) -> Refusal:
    with pytest.raises(PhotoRefused) as refused:
        read_photo(data)
    return refused.value.reason


def gradient(width=300, height=200) -> Image.Image:
    across = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([across, down, 255 - across], axis=2).astype(np.uint8))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Refusal.EMPTY),
        (b"not a picture at all", Refusal.NOT_A_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.NOT_A_PICTURE),
        (bytes(5000), Refusal.NOT_A_PICTURE),
        (b"\xff\xd8\xff", Refusal.TRUNCATED),
        (b"\x89PNG\r\n\x1a\n", Refusal.TRUNCATED),
        (pictures.huge_png(), Refusal.TOO_MANY_PIXELS),
        (pictures.huge_png(8000, 5001), Refusal.TOO_MANY_PIXELS),
        (pictures.huge_jpeg(), Refusal.TOO_MANY_PIXELS),
        (pictures.animated_gif(), Refusal.ANIMATED),
        (pictures.heic(), Refusal.FORMAT_NOT_SUPPORTED),
        (pictures.avif(), Refusal.FORMAT_NOT_SUPPORTED),
        (b"\xff\xd8\xff" + bytes(30 * 1024 * 1024), Refusal.FILE_TOO_LARGE),
    ],
    ids=lambda value: value.value if isinstance(value, Refusal) else f"{len(value)} bytes",
)
def test_it_refuses_what_is_no_good_photo(data, reason):
    assert reason_of(data) is reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_it_refuses_a_truncated_file(kind, share):
    data = pictures.as_file(pictures.noise(), kind)
    assert reason_of(data[: int(len(data) * share)]) is Refusal.TRUNCATED


def test_it_refuses_a_truncated_file_even_after_the_library_allowed_them():
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # what importing face_recognition does to the whole process
    data = pictures.as_file(pictures.noise())
    assert reason_of(data[: len(data) // 2]) is Refusal.TRUNCATED


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_it_refuses_animations_of_other_kinds(kind):
    frames = [pictures.noise(100, 100), gradient(100, 100)]
    assert (
        reason_of(pictures.as_file(frames[0], kind, save_all=True, append_images=frames[1:]))
        is Refusal.ANIMATED
    )


def test_it_refuses_formats_nobody_takes_photos_in():
    assert reason_of(pictures.as_file(gradient(), "TIFF")) is Refusal.FORMAT_NOT_SUPPORTED
    assert reason_of(pictures.as_file(gradient().convert("P"), "GIF")) is Refusal.FORMAT_NOT_SUPPORTED


def test_it_looks_at_the_size_before_the_pixels():
    """In a process of its own, with far too little memory for what the header promises."""
    program = (
        "import resource; from tests.gate import pictures; from gate.photos import *\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))\n"
        "try: read_photo(pictures.huge_png())\n"
        "except PhotoRefused as refused: print(refused.reason)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=pictures.ROOT
    )
    assert done.stdout.strip() == "too_many_pixels", done.stderr


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_it_reads_the_usual_formats(kind):
    image = gradient()
    assert np.abs(read_photo(pictures.as_file(image, kind)).astype(int) - np.asarray(image)).mean() < 4


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "1", "CMYK", "YCbCr"])
def test_it_brings_every_mode_to_rgb(mode):
    image = gradient().convert("L").convert("RGB") if mode in ("L", "LA", "1") else gradient()
    data = pictures.as_file(image.convert(mode), "JPEG" if mode in ("CMYK", "YCbCr") else "PNG")
    pixels = read_photo(data)
    assert pixels.shape == (200, 300, 3)
    assert pixels.dtype == np.uint8
    assert abs(pixels.mean() - np.asarray(image).mean()) < 12


def test_it_scales_16_bit_grey_and_does_not_clip_it():
    grey = np.linspace(0, 65535, 300)[None, :].repeat(200, 0).astype(np.uint16)
    pixels = read_photo(pictures.as_file(Image.fromarray(grey), "PNG"))
    assert 120 < pixels.mean() < 135
    assert pixels[0, 0, 0] == 0
    assert pixels[0, -1, 0] == 255


def test_it_puts_transparent_pictures_on_white():
    glass = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    assert read_photo(pictures.as_file(glass, "PNG")).min() == 255


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_it_turns_a_sideways_photo_upright(orientation):
    image = gradient()
    pixels = read_photo(pictures.sideways(image, orientation))
    assert pixels.shape == (200, 300, 3)
    assert np.abs(pixels.astype(int) - np.asarray(image)).mean() < 6


@pytest.mark.obligation("21")
def test_it_keeps_nothing_of_where_and_with_what_the_photo_was_taken():
    data = pictures.with_place(gradient())
    assert b"PhoneMaker-4711" in data
    pixels = read_photo(data)
    assert type(pixels) is np.ndarray
    assert b"PhoneMaker" not in pixels.tobytes()


def test_it_survives_damaged_exif():
    data = pictures.with_place(gradient())
    at = data.index(b"Exif\x00\x00") + 6
    assert read_photo(data[:at] + b"\xff" * 12 + data[at + 12 :]).shape == (200, 300, 3)


def test_it_scales_large_photos_down_and_small_ones_not_up():
    assert max(read_photo(pictures.as_file(gradient(3000, 1500))).shape) == LONGER_SIDE
    assert read_photo(pictures.as_file(gradient(40, 30))).shape == (30, 40, 3)
    assert read_photo(pictures.as_file(gradient(4000, 2))).shape == (1, LONGER_SIDE, 3)


def test_it_takes_a_file_just_under_the_limit():
    data = pictures.as_file(gradient())
    assert read_photo(data + bytes(FILE_LIMIT - len(data))).shape == (200, 300, 3)
    assert reason_of(data + bytes(FILE_LIMIT - len(data) + 1)) is Refusal.FILE_TOO_LARGE


def test_it_takes_a_phones_jpeg_with_a_second_picture_inside():
    data = pictures.as_file(gradient(), "MPO", save_all=True, append_images=[gradient(60, 40)])
    assert read_photo(data).shape == (200, 300, 3)
