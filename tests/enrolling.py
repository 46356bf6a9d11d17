"""What the tests of enrolment and withdrawal have in common: saying yes, and faces that are nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from consent.deciding import give
from consent.models import Form, Purpose, Standing
from consent.voices import own
from portal.portraits import portrait
from residents.models import Resident
from tests import make

ALL = tuple(Purpose)


def agree(
    resident: Resident, forms: Mapping[Purpose, Form], *purposes: Purpose, at: datetime
) -> dict[Purpose, Standing]:
    assert resident.user is not None
    make.enable(resident.neighborhood, at=at)
    return {
        purpose: give(
            resident=resident,
            purpose=purpose,
            form=forms[purpose],
            voice=own(resident.user, "zh-hans"),
            at=at,
        )
        for purpose in purposes or ALL
    }


@cache
def two_portraits(person: int = 0) -> tuple[bytes, bytes]:
    """Two takes of one drawn person."""
    return portrait(person, 0), portrait(person, 1)
