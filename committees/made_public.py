"""What the law has the bodies make public to those who live and own here, where it is, and what is missing (obligation 31).

The list is short on purpose: what is not on it is not public because somebody would like it to be. It names nobody; names and
posts stand on the page of the bodies, with the law's word or their owner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Q

from committees import public
from committees.models import Committee, CompanyContract, Meeting, Notice
from committees.models.notices import NoticeQuerySet
from residents.ages import today_in
from residents.models import Neighborhood


class Duty(models.TextChoices):
    """In the order in which they are shown."""

    BODIES = "bodies"
    CONTRACT = "contract"
    RULES = "rules"
    MINUTES = "minutes"
    ACCOUNTS = "accounts"
    RESULTS = "results"


OF_SORT = {
    Duty.CONTRACT: Notice.Sort.CONTRACT,
    Duty.RULES: Notice.Sort.RULES,
    Duty.MINUTES: Notice.Sort.MINUTES,
    Duty.ACCOUNTS: Notice.Sort.ACCOUNTS,
}


@dataclass(frozen=True)
class Item:
    duty: Duty
    missing: bool
    notice: Notice | None = None  # the newest of its sort


def items(*, neighborhood: Neighborhood, readable: NoticeQuerySet, at: datetime) -> list[Item]:
    """Six queries, however much there is."""
    newest = _newest(readable)
    missing = {
        Duty.BODIES: _bodies_missing(neighborhood, at),
        # Where no company works under a contract there is none to show.
        Duty.CONTRACT: Notice.Sort.CONTRACT not in newest and _has_contract(neighborhood, at),
        Duty.RESULTS: _results_missing(neighborhood, at),
    }
    return [
        Item(
            duty,
            missing.get(duty, duty in OF_SORT and OF_SORT[duty] not in newest),
            newest.get(OF_SORT[duty]) if duty in OF_SORT else None,
        )
        for duty in Duty
    ]


def _newest(readable: NoticeQuerySet) -> dict[str, Notice]:
    documents = readable.filter(kind=Notice.Kind.DOCUMENT).exclude(sort="")
    found = documents.order_by("sort", "-published_at", "-pk").distinct("sort")
    return {each.sort: each for each in found}


def _bodies_missing(neighborhood: Neighborhood, at: datetime) -> bool:
    """Of each body somebody in office, and a way to reach it; and the owners' committee with the names of those in it."""
    found = public.bodies(neighborhood=neighborhood, at=at)
    reached = all(body.members and (body.committee.office or body.committee.phone) for body in found)
    named = all(
        member.name
        for body in found
        if body.committee.kind == Committee.Kind.OWNERS
        for member in body.members
    )
    return not (found and reached and named)


def _has_contract(neighborhood: Neighborhood, at: datetime) -> bool:
    today = today_in(neighborhood, at)
    held = CompanyContract.objects.current().filter(neighborhood=neighborhood)
    return held.filter(starts__lte=today, ends__gt=today).exists()


def _results_missing(neighborhood: Neighborhood, at: datetime) -> bool:
    """A vote is over, and what came of it is not posted."""
    over = Q(noticed_at__isnull=False, called_off_at=None, closes_on__lt=today_in(neighborhood, at))
    return Meeting.objects.filter(over, neighborhood=neighborhood, result=None).exists()
