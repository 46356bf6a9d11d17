"""What goes into the erasure journal, and when: before it counts.

An order of erasure: before any of its places is called gone (the database insists, LM149). Leaves of the ledger: before a checkpoint over them is signed,
so that whatever a witness has ever seen can be put back. Keys that were destroyed, cards that were lost, and what gates
and recipients have confirmed: by the sweep, some two minutes later. Sets of backups: as they are begun. Written twice is as good as written once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings

from access.models import Credential
from ledger import tree
from ledger.models import Leaf
from portal.journal import Journal, JournalBroken, Line, Position, batched
from residents.models import Backup, ErasureOrder, ErasurePlace, Resident
from vault.models import Key

AT_ONCE = 500
# What was done so long ago has been committed, or never will be: no request and no task goes on for longer.
SETTLED = timedelta(minutes=2)
EVER = datetime(1970, 1, 1, tzinfo=UTC)

Kind = ErasurePlace.Kind


def here() -> Journal:
    return Journal(settings.JOURNAL)


def keep_order(*, order: UUID, at: datetime) -> None:
    """The effect `journal_order`: before the first place of it is called gone. Safe to repeat."""
    with here().writing(at=at, leaves=tree.size()) as journal:
        journal.append(_orders([order]), at=at)
    ErasureOrder.objects.filter(pk=order, journalled_at=None).update(journalled_at=at)


def begin(*, at: datetime) -> None:
    """There is a journal from here on."""
    with here().writing(at=at, leaves=tree.size()):
        pass


def keep_backup(*, backup: Backup, at: datetime) -> Position:
    """Where the journal stands as a set is begun: from there on a restore of it must follow."""
    with here().writing(at=at, leaves=tree.size()) as journal:
        return journal.append([_of_backup(backup)], at=at)


def keep_leaves(*, size: int, note: str = "", at: datetime) -> None:
    """The tree's leaves up to this size, and the checkpoint over them that is about to be made public."""
    with here().writing(at=at, leaves=size) as journal:
        first = journal.head.leaves
        if first > size:
            # Signing on would be a second history under one name.
            raise JournalBroken(f"The journal knows {first} leaves of the ledger, and here are {size}.")
        while first < size:
            end = min(first + AT_ONCE, size)
            journal.append([_leaves(first, end)], at=at, leaves=end)
            first = end
        if note:
            journal.append([{"kind": "checkpoint", "size": size, "note": note}], at=at)


def sweep(*, at: datetime) -> None:
    """Whatever is not in it yet; by the worker, every few seconds."""
    waiting = ErasureOrder.objects.filter(journalled_at=None).order_by("opened_at")
    for pks in batched(list(waiting.values_list("pk", flat=True)), AT_ONCE):
        with here().writing(at=at, leaves=tree.size()) as journal:
            journal.append(_orders(pks), at=at)
        ErasureOrder.objects.filter(pk__in=list(pks), journalled_at=None).update(journalled_at=at)
    settled(until=at - SETTLED, at=at)
    _drop_old()


def settled(*, until: datetime, at: datetime) -> None:
    """Keys destroyed, and confirmations come, up to a moment; nothing of before the one that was last asked about."""
    with here().writing(at=at, leaves=tree.size()) as journal:
        since = datetime.fromisoformat(journal.head.until) if journal.head.until else EVER
        if until <= since:
            return
        keys = Key.objects.filter(destroyed_at__gt=since, destroyed_at__lte=until).order_by("destroyed_at")
        ids = [str(each) for each in keys.values_list("pk", flat=True)]
        said = ErasurePlace.objects.filter(
            state=ErasurePlace.State.GONE,
            kind__in=(Kind.DEVICE, Kind.RECIPIENT),
            changed_at__gt=since,
            changed_at__lte=until,
        )
        lines: list[Line] = [{"kind": "keys", "ids": list(each)} for each in batched(ids, AT_ONCE)]
        lost = Credential.objects.filter(
            ended_because=Credential.Ended.LOST, ended_at__gt=since, ended_at__lte=until
        )
        cards = [str(each) for each in lost.order_by("ended_at").values_list("pk", flat=True)]
        lines += [{"kind": "lost", "ids": list(each)} for each in batched(cards, AT_ONCE)]
        lines += [_of_confirmation(place) for place in said.order_by("changed_at", "pk")]
        if lines or since == EVER:
            journal.append(lines, at=at, until=until.isoformat())


def _drop_old() -> None:
    """No set is left that would need them."""
    there = Backup.objects.there().order_by("made_at").values_list("evidence__journal", flat=True)
    positions = [each for each in there if isinstance(each, int)]
    head = here().head()
    oldest = min(positions, default=head.n)
    if len(positions) == len(there):  # one that was made elsewhere says nothing of where the journal stood
        here().drop_before(oldest)


def _orders(pks: Iterable[UUID]) -> list[Line]:
    found = ErasureOrder.objects.filter(pk__in=list(pks)).order_by("opened_at", "pk")
    return [_of_order(each) for each in found.select_related("resident").prefetch_related("places")]


def _of_order(order: ErasureOrder) -> Line:
    who: Resident = order.resident
    places = [
        [place.kind, str(place.target), str(place.device) if place.device else None]
        for place in order.places.all()
        if place.kind != Kind.BACKUP
    ]
    return {
        "kind": "order",
        "id": str(order.pk),
        "neighborhood": str(order.neighborhood_id),
        "resident": str(who.pk),
        "purpose": order.purpose,
        "cause": order.cause,
        "opened_at": order.opened_at.isoformat(),
        "left_at": who.left_at.isoformat() if who.left_at else None,
        "left_because": who.left_because,
        "places": places,
    }


def _of_confirmation(place: ErasurePlace) -> Line:
    return {
        "kind": "confirmed",
        "order": str(place.order_id),
        "place": place.kind,
        "target": str(place.target),
        "device": str(place.device) if place.device else None,
        "evidence": place.evidence,
    }


def _of_backup(backup: Backup) -> Line:
    return {
        "kind": "backup",
        "id": str(backup.pk),
        "holds": backup.kind,
        "made_at": backup.made_at.isoformat(),
        "expires_at": backup.expires_at.isoformat(),
        "declared": backup.declared,
    }


def _leaves(first: int, end: int) -> Line:
    rows = Leaf.objects.filter(index__gte=first, index__lt=end).order_by("index").select_related("entry")
    said = [
        [
            leaf.entry.pk,
            str(leaf.entry.neighborhood) if leaf.entry.neighborhood else None,
            leaf.entry.kind,
            str(leaf.entry.subject) if leaf.entry.subject else None,
            bytes(leaf.entry.commitment).hex(),
            leaf.entry.at.isoformat(),
        ]
        for leaf in rows
    ]
    return {"kind": "leaves", "first": first, "entries": said}
