"""A draft that is published at a moment somebody named: never before it, once, and only if they may still do it then.

The row says when; `publish_due` is called by the sweep and asks every right again. A worker that dies leaves a draft, and the next
sweep publishes it. While a moment stands nothing of the draft changes, by anybody: whoever named the moment answers for these
words, and a draft that quietly lost its moment would be missed by those it was for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.models import Q

from committees import publishing
from committees.models import Notice
from committees.models.notices import NoticeQuerySet
from committees.publishing import BuildingGone, NotADraft, SaysTooMuch
from residents.ages import today_in
from residents.laws import refused_by_law
from residents.models import User

# Far enough for a year's great days; the database says so too, and that a draft is kept for a year (committees 0020).
FARTHEST = timedelta(days=90)
DRAFTS_LAST = timedelta(days=360)
# A sweep comes every minute or so. What has waited longer is told on the desk.
LATE = timedelta(minutes=15)


class WrongMoment(Exception):
    """Nothing was changed. `reason` is one of: past, far, over (it would count no more by then), met (its meeting began)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotScheduled(Exception):
    """There is no moment to call off."""


@transaction.atomic
def schedule(
    *, notice: Notice, publish_at: datetime, by: User, at: datetime, read: str | None = None
) -> Notice:
    """It will be published then, by whoever says so now. `read` is the `check_number` of what they have read.

    Raises: PermissionDenied, NotADraft, WrongMoment, ChangedMeanwhile, SaysTooMuch, BuildingGone
    """
    found = publishing.held(notice, by, at)
    if not found.is_plain_draft:
        raise NotADraft
    if reason := _wrong(found, publish_at, at):
        raise WrongMoment(reason)
    publishing.insist(found, read)
    found.publish_at, found.scheduled_by, found.held_back_at = publish_at, by, None
    found.save(update_fields=["publish_at", "scheduled_by", "held_back_at"])
    return found


@transaction.atomic
def call_off(*, notice: Notice, by: User, at: datetime) -> Notice:
    """It is a draft as any other again; what was said of it being held back goes, too.

    Raises: PermissionDenied, NotScheduled
    """
    found = publishing.held(notice, by, at)
    if not (found.is_scheduled or found.held_back_at is not None):
        raise NotScheduled
    found.publish_at = found.scheduled_by = found.held_back_at = None
    found.save(update_fields=["publish_at", "scheduled_by", "held_back_at"])
    return found


def due(*, at: datetime) -> NoticeQuerySet:
    return Notice.objects.scheduled().filter(publish_at__lte=at).order_by("publish_at", "pk")


def publish_due(*, notice: UUID, at: datetime) -> bool:
    """True if it was published now: not if another worker has it in hand, or was first, or it was called off."""
    with transaction.atomic():
        found = due(at=at).select_for_update(of=("self",), skip_locked=True).filter(pk=notice).first()
        if found is None:
            return False
        # What counts no more is not announced, nor a meeting that has begun: the sweep may come days late.
        over = found.until is not None and found.until < today_in(found.neighborhood, at)
        if over or (found.meets_at is not None and found.meets_at <= at):
            return _hold_back(found, at)
        assert found.scheduled_by is not None  # by constraint
        try:
            with transaction.atomic():
                publishing.publish(notice=found, by=found.scheduled_by, at=at)
        except (PermissionDenied, SaysTooMuch, BuildingGone):
            return _hold_back(found, at)
        except DatabaseError as error:
            # It would be refused by each sweep to come, too, and nobody would be told.
            if not refused_by_law(error):
                raise
            return _hold_back(found, at)
    return True


def unpublished(*, at: datetime) -> NoticeQuerySet:
    """Drafts that were to be published, and were not: held back, or still waiting for a sweep."""
    late = Q(publish_at__lte=at - LATE) | Q(held_back_at__isnull=False)
    return Notice.objects.filter(late, published_at=None)


def _hold_back(found: Notice, at: datetime) -> bool:
    found.publish_at, found.scheduled_by, found.held_back_at = None, None, at
    found.save(update_fields=["publish_at", "scheduled_by", "held_back_at"])
    return False


def _wrong(notice: Notice, publish_at: datetime, at: datetime) -> str:
    if publish_at <= at:
        return "past"
    if publish_at > min(at + FARTHEST, notice.written_at + DRAFTS_LAST):
        return "far"
    if notice.until is not None and notice.until < today_in(notice.neighborhood, publish_at):
        return "over"
    return "met" if notice.meets_at is not None and notice.meets_at <= publish_at else ""
