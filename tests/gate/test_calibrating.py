"""What a threshold would do to the people of one place: counted right, said with its doubt, and nothing of anybody kept."""

import json
import os
import struct

import numpy as np
import pytest

from gate import calibrate, calibrating, face_models, sealing
from gate.calibrating import CannotCalibrate
from gate.decide import FACE_DISTANCE
from gate.templates import Templates
from portal.portraits import portrait


def person(at: float, *off: float) -> list[np.ndarray]:
    """Encodings along one axis, so that distances are what they say."""
    found = []
    for each in off:
        encoding = np.zeros(128, np.float32)
        encoding[0] = at + each
        found.append(encoding)
    return found


def test_every_pair_is_tried_once():
    found = calibrating.distances_of([person(0.0, 0.0, 0.1, 0.3), person(1.0, 0.0, 0.2), person(3.0, 0.0)])
    assert found.genuine == pytest.approx((0.1, 0.2, 0.2, 0.3), abs=1e-6)
    assert len(found.impostor) == 3 * 2 + 3 + 2
    assert min(found.impostor) == pytest.approx(0.7, abs=1e-6)
    assert (found.people, found.photos) == (3, 6)


@pytest.mark.parametrize("people", [[], [person(0, 0, 0.1)], [person(0, 0), person(1, 0)]])
def test_too_few_say_nothing(people):
    with pytest.raises(CannotCalibrate):
        calibrating.distances_of(people)


@pytest.mark.parametrize(
    ("wrong", "tries", "low", "high"),
    [
        (0, 300, 0.0, 3 / 300),  # the rule of three
        (0, 6, 0.0, 0.393),
        (5, 100, 0.0215, 0.1118),  # Wilson
        (50, 100, 0.4038, 0.5962),
        (4, 4, 0.4729, 1.0),
    ],
)
def test_its_doubt_is_the_books(wrong, tries, low, high):
    found = calibrating.rate(wrong, tries)
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-4 if tries != 6 else 1e-3)
    assert found.low <= found.share <= found.high


def test_nothing_tried_is_not_known():
    found = calibrating.rate(0, 0)
    assert (found.low, found.high) == (0.0, 1.0)


def test_below_the_threshold_is_in_and_at_it_is_out():
    found = calibrating.distances_of([person(0.0, 0.0, 0.5), person(0.875, 0.0)])
    (row,) = calibrating.table(found, [0.5])
    assert row.refuses.wrong == 1  # exactly at it: as the door decides
    assert row.accepts.wrong == 1


def test_it_suggests_the_widest_that_kept_others_out_and_a_step_inside_it():
    apart = calibrating.distances_of([person(0.0, 0.0, 0.1), person(0.51, 0.0)])  # an impostor at 0.41
    rows = calibrating.table(apart)
    suggested = calibrating.suggest(rows, most=0.6)
    assert suggested is not None
    assert suggested.threshold == 0.375
    assert suggested.accepts.wrong == 0


def test_it_never_suggests_more_than_the_model_is_held_to():
    far = calibrating.distances_of([person(0.0, 0.0, 0.1), person(9.0, 0.0)])
    suggested = calibrating.suggest(calibrating.table(far))
    assert suggested is not None
    assert suggested.threshold == face_models.CURRENT.threshold


def test_where_others_always_get_in_it_suggests_none():
    twins = calibrating.distances_of([person(0.0, 0.0, 0.1), person(0.05, 0.0)])
    assert calibrating.suggest(calibrating.table(twins)) is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two drawn people, who are nobody."""
    made = tmp_path_factory.mktemp("volunteers")
    for who in range(2):
        (made / f"柳一{who}").mkdir()
        for take in range(2):
            (made / f"柳一{who}" / f"{take}.jpg").write_bytes(portrait(who, take))
    (made / "柳一0" / "no-face.png").write_bytes(b"not a picture")
    (made / "柳一0" / "notes.txt").write_text("柳一")
    return made


def test_without_the_papers_it_looks_at_nothing(folder, monkeypatch, capsys):
    monkeypatch.setattr(calibrating, "measure", lambda _folder: pytest.fail("it looked"))
    assert calibrate.main([str(folder)]) == 2
    assert "in writing" in capsys.readouterr().err


@pytest.mark.obligation("21")
def test_with_them_it_counts_and_keeps_nothing_of_anybody(folder, tmp_path, monkeypatch, capsys):
    made, wiped = [], []
    measured = calibrating.distances_of

    def seen(people, **also):
        made.extend(each for person in people for each in person)
        return measured(people, **also)

    monkeypatch.setattr(calibrating, "distances_of", seen)
    before = {each: each.stat().st_mtime_ns for each in folder.rglob("*")}
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.chdir(out)
    assert (
        calibrate.main([str(folder), "--they-agreed-in-writing", "--report", str(out / "report.json")]) == 0
    )
    said = (out / "report.json").read_text() + capsys.readouterr().out
    kept = json.loads((out / "report.json").read_text())
    assert (kept["people"], kept["photos"], kept["photos_without_one_face"]) == (2, 4, 1)
    assert (kept["genuine_tries"], kept["impostor_tries"]) == (2, 4)
    row = next(each for each in kept["rows"] if each["threshold"] == FACE_DISTANCE)
    assert (row["accepts"]["wrong"], row["refuses"]["wrong"]) == (0, 0)
    assert "柳" not in said
    assert str(folder) not in said
    wiped = [bool(np.any(each)) for each in made]
    assert wiped == [False] * 4
    assert {each: each.stat().st_mtime_ns for each in folder.rglob("*")} == before
    assert os.listdir(out) == ["report.json"]


def test_the_threshold_belongs_to_the_model_and_stands_with_its_measurement():
    assert face_models.CURRENT.threshold == FACE_DISTANCE
    assert face_models.CURRENT.measured.falsely_accepted == 0
    assert 1 <= face_models.CURRENT.number <= 255


@pytest.mark.obligation("7")
def test_a_template_of_another_model_does_not_open_and_is_matched_to_nobody(site, agent, monkeypatch):
    face = [0.1] * 128
    site.give_face(face)
    site.give_card("5555")
    agent.sync()
    assert len(Templates(agent._store).near(face)) == 1
    monkeypatch.setattr(sealing, "TEMPLATE_VERSION", face_models.CURRENT.number + 1)
    assert Templates(agent._store).near(face) == []
    assert agent.show_card("5555").open
    packed = struct.pack("<B128f", face_models.CURRENT.number, *face)
    with pytest.raises(ValueError, match="another model"):
        sealing.unpack_template(packed)
