"""Publishing what a body has drafted, and taking it down again. Only somebody of that very body does either."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from committees import audience, roles, wording
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


class BuildingGone(Exception):
    """A building that it is for is no more: nobody would read it there."""


class ChangedMeanwhile(Exception):
    """Its words or its files are not those that were read."""


class NotADraft(Exception):
    """It is published already, or will be at a moment that was named."""


class NotShown(Exception):
    """It is not published, or was taken down already."""


@transaction.atomic
def publish(*, notice: Notice, by: User, at: datetime, read: str | None = None) -> Notice:
    """From now on those it is for can read it, and nobody can change it. `read` is the `check_number` of what they have read.

    Raises: PermissionDenied, NotADraft, ChangedMeanwhile, SaysTooMuch, BuildingGone
    """
    found = held(notice, by, at)
    if found.published_at is not None or (found.publish_at is not None and at < found.publish_at):
        raise NotADraft
    insist(found, read)
    found.published_by, found.published_at = by, at
    found.save(update_fields=["published_by", "published_at"])
    found.refresh_from_db()  # the moment is the database's
    for_whom = audience.people(notice=found, at=at).values("pk")
    notifying.tell(neighborhood=found.neighborhood, residents=for_whom, topic=notifying.Topic.NOTICE, at=at)
    return found


@transaction.atomic
def take_down(*, notice: Notice, by: User, at: datetime) -> Notice:
    """Residents can read it no more, nobody is given its files any more, and a draft that was to put it right loses the ones
    it began with.

    Raises: PermissionDenied, NotShown
    """
    found = held(notice, by, at)
    if found.published_at is None or found.taken_down_at is not None:
        raise NotShown
    found.taken_down_by, found.taken_down_at = by, at
    found.save(update_fields=["taken_down_by", "taken_down_at"])
    # Locked: whoever publishes it at this moment was first, or does so without the files.
    begun = Notice.objects.select_for_update(of=("self",)).filter(corrects=found, published_at=None)
    # Whoever named a moment for it did so with these files, and is told that it is not published.
    begun.filter(publish_at__isnull=False).update(publish_at=None, scheduled_by=None, held_back_at=at)
    taken_down = NoticeFile.objects.filter(notice=found).values("hash")
    NoticeFile.objects.filter(notice__in=[each.pk for each in begun], hash__in=taken_down).delete()
    return found


@transaction.atomic
def draft(*, notice: Notice, by: User, at: datetime) -> Notice:
    """Written down. The form sent twice is one draft; sent again with other words it is another. A draft's own body is asked
    by the database."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    known = Notice.objects.filter(written_by=by, token=notice.token).first() if notice.token else None
    if known is not None:
        if all(getattr(known, name) == getattr(notice, name) for name in (*Notice.SAID, "committee_id")):
            return known
        notice.token = None
    notice.written_by, notice.written_at = by, at
    notice.save(force_insert=True)
    return notice


@transaction.atomic
def correct(*, notice: Notice, by: User, at: datetime) -> Notice:
    """The draft that puts it right: the one that is begun already, else one that begins with the words and the files of the
    notice. Of what was taken down no file comes along.

    Raises: PermissionDenied, NotShown
    """
    found = held(notice, by, at)
    if found.published_at is None:
        raise NotShown
    if (begun := begun_correction(found)) is not None:
        return begun
    made = Notice.objects.create(
        neighborhood_id=found.neighborhood_id,
        committee_id=found.committee_id,
        corrects=found,
        written_by=by,
        written_at=at,
        **{name: getattr(found, name) for name in Notice.SAID},
    )
    if not withheld(found):
        NoticeFile.objects.all().copy(of=found, to=made, by=by, at=at)
    return made


def check_number(notice: Notice) -> str:
    """What stands in it now, and in its files, for whoever has it on a screen. One query."""
    said = {name: getattr(notice, name) for name in Notice.SAID}
    files = notice.files.order_by("number").values_list("number", "hash", *NoticeFile.WORDS)
    carried = [(number, bytes(content).hex(), *words) for number, content, *words in files]
    return hashlib.sha256(json.dumps([said, carried], default=str).encode()).hexdigest()


def insist(found: Notice, read: str | None) -> None:
    """That it may be published as it stands, and stands as it was read; on the locked row.

    Raises: ChangedMeanwhile, SaysTooMuch, BuildingGone
    """
    if read is not None and read != check_number(found):
        raise ChangedMeanwhile
    if broken := wording.broken(notice=found):
        raise SaysTooMuch(broken)
    if audience.gone(notice=found):
        raise BuildingGone


def begun_correction(notice: Notice) -> Notice | None:
    """One at a time, by constraint."""
    return Notice.objects.filter(corrects=notice, published_at=None).first()


def withheld(notice: Notice) -> bool:
    """Whether its files are given to nobody any more, and go on to no other notice."""
    return notice.taken_down_at is not None


def held(notice: Notice, by: User, at: datetime) -> Notice:
    """The row itself, locked, if it is theirs to publish."""
    locked = Notice.objects.select_for_update(of=("self",)).select_related("neighborhood")
    found = locked.get(pk=notice.pk)
    if not roles.bodies(user=by, perm=PERM, at=at).filter(pk=found.committee_id).exists():
        raise PermissionDenied
    return found
