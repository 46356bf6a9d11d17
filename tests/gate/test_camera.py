"""A look through OpenCV, with its own reader of picture files in the place of a camera: on for the look, off after it."""

import gc
import io
import os

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from gate.drivers import camera
from gate.drivers.camera import OpenCVCamera
from tests.gate.pictures import drawn, drawn_image


@pytest.fixture
def sequence(tmp_path):
    """Frames as a camera gives them: dark, then blurred, one sharp, blurred again."""

    def write(frames):
        for number, frame in enumerate(frames):
            frame.save(tmp_path / f"frame{number:02}.png")
        return str(tmp_path / "frame%02d.png")

    return write


def likeness(one: bytes, other: Image.Image) -> float:
    seen = np.asarray(Image.open(io.BytesIO(one)).convert("L"), dtype=float)
    meant = np.asarray(other.convert("L"), dtype=float)
    return float(np.abs(seen - meant).mean())


@pytest.mark.obligation("19")
def test_it_takes_the_sharpest_and_is_off_again(sequence, tmp_path):
    sharp = drawn_image(0)
    blurred = sharp.filter(ImageFilter.GaussianBlur(4))
    source = sequence([Image.new("RGB", sharp.size)] * 4 + [blurred, blurred, sharp, blurred])
    gc.collect()  # what an earlier test let go of is closed now, not meanwhile
    before, files = os.listdir("/proc/self/fd"), sorted(tmp_path.iterdir())
    picture = OpenCVCamera(source).look()
    assert picture[:3] == b"\xff\xd8\xff"
    assert likeness(picture, sharp) < 3 < likeness(picture, blurred) + 3
    assert likeness(picture, sharp) < likeness(picture, blurred)
    assert os.listdir("/proc/self/fd") == before
    assert sorted(tmp_path.iterdir()) == files


def test_one_frame_is_better_than_none(sequence):
    assert OpenCVCamera(sequence([drawn_image(0)])).look()


def test_it_knows_a_face_that_it_has_looked_at(site, agent, sequence):
    from tests.gate import pictures

    credential = site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    look = OpenCVCamera(sequence([drawn_image(0, 2)] * 6)).look()
    decision = agent.show_photo(look)
    assert (decision.open, decision.credential) == (True, credential)


@pytest.mark.parametrize("device", ["/dev/video77", "/nowhere/frame%02d.png", 77])
def test_without_a_camera_it_says_so(device):
    with pytest.raises(camera.NoPicture):
        OpenCVCamera(device).look()


class Stuck:
    """A camera that gives a frame now and then, and must be let go all the same."""

    released = 0

    def __init__(self, device):
        pass

    def set(self, *what):
        pass

    def read(self):
        Stuck.clock += 2.0
        return True, np.full((8, 8, 3), 7, dtype=np.uint8)

    def release(self):
        Stuck.released += 1


def test_a_slow_camera_is_let_go_in_time(monkeypatch):
    Stuck.clock = 0.0
    monkeypatch.setattr(cv2, "VideoCapture", Stuck)
    monkeypatch.setattr(camera.time, "monotonic", lambda: Stuck.clock)
    assert OpenCVCamera(0).look()
    assert Stuck.released == 1
    assert Stuck.clock <= camera.LOOK_SECONDS + 2


@pytest.mark.obligation("19")
def test_frames_that_were_not_taken_are_overwritten(monkeypatch):
    frames = [np.random.default_rng(n).integers(0, 255, (64, 64, 3), dtype=np.uint8) for n in range(6)]
    given = iter(frames)

    class Camera(Stuck):
        def read(self):
            frame = next(given, None)
            return frame is not None, frame

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    assert OpenCVCamera(0).look()
    assert not any(frame.any() for frame in frames)
