"""Pictures that are no photos for a face: decoded with the same care, and nothing looks for anybody in them."""

from __future__ import annotations

from consent.scans import PictureRefused
from gate.photos import PhotoRefused, plain_jpeg

# A page of A4 at some 160 dots an inch: handwriting can be read, and a picture is some 300 kB.
LONGER_SIDE = 1900


def plain(*, picture: bytes) -> bytes:
    """The effect of that name: a JPEG with nothing in it but what can be seen.

    Raises: PictureRefused
    """
    try:
        return plain_jpeg(picture, longer_side=LONGER_SIDE)
    except PhotoRefused as refused:
        raise PictureRefused(str(refused.reason)) from refused
