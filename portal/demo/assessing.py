"""Why the demo's neighborhood may use faces: written by one of its committee, confirmed by another, signed at the gates."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from access import signs
from committees.models import Committee, Term
from consent import enabling
from consent.models import ImpactAssessment, Justification
from residents.ages import today_in
from residents.models import Neighborhood, User

PAPERS = Path(__file__).with_name("assessing.toml")


def enable(*, neighborhood: Neighborhood, users: Mapping[str, User], at: datetime) -> None:
    said = _said()
    justification = Justification(neighborhood=neighborhood, **said["justification"])
    enabling.write(paper=justification, by=users["secretary"])
    enabling.confirm_justification(justification=justification, by=users["chair"], at=at)
    assessment = ImpactAssessment(
        neighborhood=neighborhood,
        valid_until=today_in(neighborhood, at) + enabling.ASSESSMENT_HOLDS,
        **said["assessment"],
    )
    enabling.write(paper=assessment, by=users["secretary"])
    enabling.confirm_assessment(assessment=assessment, by=users["chair"], at=at)


def hang_signs(*, at: datetime) -> int:
    """The readers of the demo are paired when it starts; the clerk hangs up each one's sign soon after. How many."""
    hung = 0
    for neighborhood in Neighborhood.objects.filter(practice=False):
        clerks = Term.objects.filter(
            neighborhood=neighborhood, role=Term.Role.CLERK, committee__kind=Committee.Kind.PROPERTY
        )
        clerk = clerks.select_related("user").first()
        for device in signs.unsigned(neighborhood):
            if clerk is not None:
                signs.post(device=device, by=clerk.user, at=at, **_said()["sign"])
                hung += 1
    return hung


def _said() -> dict[str, dict[str, Any]]:
    return tomllib.loads(PAPERS.read_text(encoding="utf-8"))
