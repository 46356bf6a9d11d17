"""A picture that is kept is written anew: nothing of the file that came is in it but what can be seen."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gate.photos import PhotoRefused, plain_jpeg

SECRET = b"SECRET-PLACE-30.2741N"


def picture(size=(800, 600), kind="JPEG", **also) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(out, format=kind, **also)
    return out.getvalue()


@pytest.mark.obligation("21")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_place_no_camera_no_comment_travels_along(kind):
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    also = {"comment": SECRET} if kind == "JPEG" else {}
    came = picture(kind=kind, exif=exif, icc_profile=SECRET * 8, **also) + SECRET
    assert came.count(SECRET) >= 2
    plain = plain_jpeg(came, longer_side=1900)
    assert SECRET not in plain
    kept = Image.open(io.BytesIO(plain))
    assert (kept.format, kept.size) == ("JPEG", (800, 600))
    assert not kept.getexif()
    assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_it_is_upright_and_no_larger_than_asked():
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the phone on its side
    kept = Image.open(io.BytesIO(plain_jpeg(picture((3000, 1500), exif=exif), longer_side=1000)))
    assert kept.size == (500, 1000)


@pytest.mark.parametrize(
    ("came", "reason"),
    [
        (b"", "empty"),
        (b"<svg onload=alert(1)>", "not_a_picture"),
        (b"%PDF-1.7", "format_not_supported"),
        (picture()[:200], "truncated"),
        (picture((9000, 5000), kind="PNG"), "too_many_pixels"),
        (b"\xff\xd8\xff" + b"0" * (12 * 1024 * 1024), "file_too_large"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(came, reason):
    with pytest.raises(PhotoRefused, match=reason):
        plain_jpeg(came, longer_side=1900)
