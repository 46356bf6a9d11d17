"""One face against all: the same people, in the same order, as if each had been measured by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import sealing
from gate.decide import FACE_DISTANCE
from gate.matching import Index, index


def people(seed: int, count: int) -> Index:
    numbers = np.random.default_rng(seed)
    return index([(f"c{at}", at, numbers.normal(0, 0.1, 128).astype(np.float32)) for at in range(count)])


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    near=st.floats(0, 0.2),
    within=st.floats(0.01, 2),
)
def test_it_finds_whom_measuring_each_would_find(seed, count, near, within):
    known = people(seed, count)
    face = np.random.default_rng(seed + 1).normal(0, 0.1, 128).astype(np.float32)
    if count:
        face = (known.encodings[seed % count] + near * face).astype(np.float32)
    each = [math.dist(face.tolist(), one.tolist()) for one in known.encodings]
    wanted = sorted((distance, at) for at, distance in enumerate(each) if distance < within - 1e-9)
    found = known.within(face, within)
    assert [at for _, at in found][: len(wanted)] == [at for _, at in wanted]
    assert all(math.isclose(distance, each[at], abs_tol=1e-9) for distance, at in found)
    assert all(distance < within for distance, _ in found)


@pytest.mark.obligation("F22")
@pytest.mark.parametrize("value", [3.4e38, -3.4e38, 1e20, 1001.0])
def test_numbers_out_of_all_measure_are_near_nobody(value):
    known = index([("hostile", 1, [value] * 128), ("c1", 1, [0.1] * 128)])
    assert [known.credentials[at] for _, at in known.within([0.1] * 128, FACE_DISTANCE)] == ["c1"]


def test_what_is_wiped_is_near_nobody_and_cannot_be_read():
    known = people(7, 5)
    face = known.encodings[2].copy()
    assert known.within(face, FACE_DISTANCE)
    known.wipe()
    assert not known.encodings.any()
    assert known.within(face, FACE_DISTANCE) == []
    assert known.within([0.0] * 128, FACE_DISTANCE) == []


def encoding(seed: int) -> list[float]:
    return np.random.default_rng(seed).normal(0, 0.1, 128).astype(np.float32).tolist()


@pytest.mark.obligation("9", "F7")
def test_memory_suggests_and_the_row_decides(site, agent, monkeypatch):
    """Even an index that missed an erasure lets nobody in."""
    face = site.give_face(encoding(1))
    agent.sync()
    templates = agent._templates
    assert [match.credential for match in templates.near(encoding(1))] == [face]
    site.drop(face)
    monkeypatch.setattr(templates, "drop_what_was_erased", lambda: None)
    agent.sync()
    agent._store.changes = templates._as_of
    assert len(templates) == 1
    assert templates.near(encoding(1)) == []


@pytest.mark.obligation("9", "F7")
def test_an_erasure_wipes_memory_before_it_is_confirmed(site, agent):
    face, other = site.give_face(encoding(1)), site.give_face(encoding(2))
    agent.sync()
    templates = agent._templates
    assert templates.near(encoding(1))
    held = templates._index.encodings
    site.drop(face)
    agent.sync()
    assert site.receipts
    assert not held.any()
    assert [match.credential for match in templates.near(encoding(2))] == [other]


def test_what_is_open_is_not_opened_again(site, agent, monkeypatch):
    faces = [site.give_face(encoding(seed)) for seed in range(3)]
    agent.sync()
    assert [agent._templates.near(encoding(seed))[0].credential for seed in range(3)] == faces
    opened = []
    really = sealing.open_template
    monkeypatch.setattr(sealing, "open_template", lambda **said: opened.append(said) or really(**said))
    fourth = site.give_face(encoding(3))
    agent.sync()
    assert agent._templates.near(encoding(3))[0].credential == fourth
    assert agent._templates.near(encoding(0))[0].credential == faces[0]
    assert [said["credential"] for said in opened] == [fourth]
