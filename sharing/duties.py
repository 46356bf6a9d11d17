"""What the law wants told after a leak, to whom and how soon, as data: each with its source and how sure we are of it
(obligations 37 and 38). P: from the text of the law itself; S: from what others write of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sharing.models import LeakNotice

To = LeakNotice.To
# From so many people on the province hears of it.
VERY_MANY = 1_000_000


class Confidence(StrEnum):
    PRIMARY = "P"
    SECONDARY = "S"


@dataclass(frozen=True)
class Duty:
    """`within` from when it was noticed; None: at once, and the law names no hour."""

    goes_to: To
    words: Promise
    within: timedelta | None
    source: Promise
    confidence: Confidence
    least: int = 0
    of_minors: bool = False

    def is_due(self, *, people: int, minors: bool) -> bool:
        return people >= self.least and (minors or not self.of_minors)

    def due_at(self, noticed_at: datetime) -> datetime:
        return noticed_at + (self.within or timedelta(0))

    def is_late(self, *, noticed_at: datetime, done_at: datetime | None, at: datetime) -> bool:
        """Only where the law names an hour: at once is at once, and how long it took is shown."""
        return self.within is not None and (done_at or at) > self.due_at(noticed_at)


DUTIES = (
    Duty(
        To.AUTHORITY,
        _("Tell the authority that looks after personal information"),
        None,
        _("Personal Information Protection Law, article 57; Network Data Security Regulations, article 11"),
        Confidence.PRIMARY,
    ),
    Duty(
        To.PEOPLE,
        _("Tell everybody it concerns"),
        None,
        _("Personal Information Protection Law, article 57; Civil Code, article 1038"),
        Confidence.PRIMARY,
    ),
    Duty(
        To.GUARDIANS,
        _("Tell the guardians of everybody under eighteen whom it concerns"),
        None,
        _("Regulations on the Protection of Minors in Cyberspace, article 35"),
        Confidence.PRIMARY,
        of_minors=True,
    ),
    Duty(
        To.PROVINCE,
        _("Report it to the authority of the province"),
        timedelta(hours=4),
        _("National Cybersecurity Incident Reporting Measures, articles 4 and 8"),
        Confidence.SECONDARY,
        least=VERY_MANY,
    ),
)


def of(*, people: int, minors: bool) -> list[Duty]:
    """Those of an incident that concerns so many, minors among them or not."""
    return [each for each in DUTIES if each.is_due(people=people, minors=minors)]
