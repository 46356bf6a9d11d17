"""A camera through OpenCV: on for one look, off before the picture is even decided on, and nothing of it on a disk.

Of about a second's frames the sharpest is taken, after the first ones, in which a camera still finds its light. All
others are overwritten in memory.
"""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]

FRAMES, FIRST_DARK_ONES = 12, 4
LOOK_SECONDS = 3.0
WIDTH, HEIGHT = 1280, 720


class NoPicture(OSError):
    """There is no camera, or it has given nothing in time."""


class OpenCVCamera:
    def __init__(self, device: int | str) -> None:
        """A number, as the kernel counts cameras, or the path of one."""
        self._device = device

    def look(self) -> bytes:
        """Raises: NoPicture"""
        import cv2  # a gate without faces never loads it

        camera = cv2.VideoCapture(self._device)
        best: Frame | None = None
        try:
            camera.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
            camera.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
            best = _sharpest(cv2, camera)
        finally:
            camera.release()
        if best is None:
            raise NoPicture("the camera has given no picture")
        try:
            done, encoded = cv2.imencode(".jpg", best, [cv2.IMWRITE_JPEG_QUALITY, 95])
        finally:
            best.fill(0)
        if not done:
            raise NoPicture("the camera's picture cannot be written")
        picture = encoded.tobytes()
        encoded.fill(0)
        return picture


def _sharpest(cv2: Any, camera: Any) -> Frame | None:
    best: Frame | None = None
    sharpness = -1.0
    ends = time.monotonic() + LOOK_SECONDS
    for number in range(FRAMES):
        if time.monotonic() > ends:
            break
        done, frame = camera.read()
        if not done or frame is None:
            break
        seen = float(cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())
        # While it finds its light a camera gives noise, which looks sharp. Better than nothing, and no more.
        seen = min(seen, 0.0) if number < FIRST_DARK_ONES else seen
        if best is None or seen > sharpness:
            if best is not None:
                best.fill(0)
            best, sharpness = frame, seen
        else:
            frame.fill(0)
    return best
