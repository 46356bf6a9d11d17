"""Drawn portraits: nobody's face, yet faces enough to enrol and to tell apart."""

import itertools

import pytest

from gate import faces, photos
from gate.decide import FACE_DISTANCE
from portal.portraits import PEOPLE, portrait
from tests.gate import pictures
from tests.gate.pictures import drawn


def test_it_draws_the_same_portrait_every_time():
    assert portrait(0, 3) == portrait(0, 3)
    assert portrait(0, 3) != portrait(0, 4)


@pytest.mark.parametrize("person", range(len(PEOPLE)))
def test_it_draws_people_who_can_enrol_and_come_home(person):
    encoding = pictures.enrolled(drawn(person, 0), drawn(person, 1))
    assert faces.distance(encoding, faces.at_the_door(drawn(person, 2))) < FACE_DISTANCE - 0.1


def test_it_draws_at_least_six_people_no_door_confuses():
    assert len(PEOPLE) >= 6
    encodings = [pictures.enrolled(drawn(person, 0), drawn(person, 1)) for person in range(len(PEOPLE))]
    for one, other in itertools.combinations(encodings, 2):
        assert faces.distance(one, other) >= 0.5


def test_it_draws_two_takes_that_are_two_pictures():
    one, other = photos.read_photo(drawn(5, 0)), photos.read_photo(drawn(5, 1))
    likeness = faces.likeness(one, faces.judge(one), other, faces.judge(other))
    assert likeness < faces.SAME_PICTURE - 0.05
