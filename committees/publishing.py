"""Publishing what a body has drafted, and taking it down again. Only somebody of that very body does either."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from committees import roles, wording
from committees.models import Notice, NoticeFile
from committees.wording import Rule
from residents import notifying
from residents.models import User

PERM = "publish_notices"


class SaysTooMuch(Exception):
    """The text holds what a notice never holds."""

    def __init__(self, broken: list[tuple[str, Rule]]) -> None:
        super().__init__()
        self.broken = broken


class NotADraft(Exception):
    """It is published already."""


class NotShown(Exception):
    """It is not published, or was taken down already."""


@transaction.atomic
def publish(*, notice: Notice, by: User, at: datetime) -> Notice:
    """From now on every resident here can read it, and nobody can change it.

    Raises: PermissionDenied, NotADraft, SaysTooMuch
    """
    found = held(notice, by, at)
    if found.published_at is not None:
        raise NotADraft
    if broken := wording.broken(notice=found):
        raise SaysTooMuch(broken)
    found.published_by, found.published_at = by, at
    found.save(update_fields=["published_by", "published_at"])
    found.refresh_from_db()  # the moment is the database's
    notifying.tell_everybody(neighborhood=found.neighborhood, topic=notifying.Topic.NOTICE, at=at)
    return found


@transaction.atomic
def take_down(*, notice: Notice, by: User, at: datetime) -> Notice:
    """Residents can read it no more.

    Raises: PermissionDenied, NotShown
    """
    found = held(notice, by, at)
    if found.published_at is None or found.taken_down_at is not None:
        raise NotShown
    found.taken_down_by, found.taken_down_at = by, at
    found.save(update_fields=["taken_down_by", "taken_down_at"])
    return found


@transaction.atomic
def correct(*, notice: Notice, by: User, at: datetime) -> Notice:
    """A draft that begins with the words and the files of a published notice, and names it.

    Raises: PermissionDenied, NotShown
    """
    found = held(notice, by, at)
    if found.published_at is None:
        raise NotShown
    same = (*Notice.WORDS, "kind", "meets_at", "pinned", "until", "sort", "meeting_id")
    said = {name: getattr(found, name) for name in same}
    draft = Notice.objects.create(
        neighborhood_id=found.neighborhood_id,
        committee_id=found.committee_id,
        corrects=found,
        written_by=by,
        written_at=at,
        **said,
    )
    NoticeFile.objects.bulk_create(each.copy_for(draft, by=by, at=at) for each in found.files.all())
    return draft


def held(notice: Notice, by: User, at: datetime) -> Notice:
    """The row itself, locked, if it is theirs to publish."""
    locked = Notice.objects.select_for_update(of=("self",)).select_related("neighborhood")
    found = locked.get(pk=notice.pk)
    if not roles.bodies(user=by, perm=PERM, at=at).filter(pk=found.committee_id).exists():
        raise PermissionDenied
    return found
