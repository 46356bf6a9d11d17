"""A paper that stops before it counts: nothing stands by it, and its picture goes (laws 4 and 5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from consent import scans, telling
from consent.models import Notice, Paper
from ledger.record import record
from residents import effects
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace, Resident

PAPER = "paper"  # what the order of erasure is about
# What they have not brought about themselves: they think that they said yes, and are told that it does not count.
TOLD = (Paper.Stopped.UNREADABLE, Paper.Stopped.LAPSED, Paper.Stopped.FORM, Paper.Stopped.NOT_NOW)


def stop(*, paper: Paper, because: Paper.Stopped, at: datetime) -> bool:
    """False if it was over before. Inside a transaction that holds the resident."""
    stopped = Paper.objects.filter(pk=paper.pk, stopped_at=None, decision=None)
    if not stopped.update(stopped_at=at, stopped_because=because):
        return False
    paper.refresh_from_db(fields=["stopped_at", "stopped_because"])
    record(
        kind="consent.paper",
        subject=paper.resident_id,
        neighborhood=paper.neighborhood_id,
        payload={"what": "stopped", "paper": paper.pk, "because": str(because)},
    )
    if paper.answer == Paper.Answer.YES and because in TOLD and paper.resident.left_at is None:
        telling.of_paper(paper=paper, kind=Notice.Kind.PAPER_STOPPED, at=at)
    if places := scans.delete([paper.pk]):
        places.append(Place(kind=ErasurePlace.Kind.PAGES, target=paper.pk))
        order = open_order(
            resident=paper.resident, purpose=PAPER, cause=ErasureOrder.Cause.PAPER, places=places, at=at
        )
        transaction.on_commit(lambda: effects.call("erase_soon", order=order.pk), robust=True)
    return True


def stop_others(*, resident: Resident, purpose: str, but: Paper | None, at: datetime) -> None:
    """Somebody has decided about this in person: what is still on paper counts no more."""
    others = _open(resident).filter(form__purpose=purpose)
    _stop_each(others.exclude(pk=but.pk) if but else others, Paper.Stopped.DECIDED, at)


def stop_all(*, resident: Resident, at: datetime) -> None:
    """They live here no more, as children whose guardian signs do not either."""
    _stop_each(_open(resident), Paper.Stopped.NOT_NOW, at)


def _open(resident: Resident) -> QuerySet[Paper]:
    return Paper.objects.open().filter(resident=resident).order_by("pk")


def _stop_each(papers: QuerySet[Paper], because: Paper.Stopped, at: datetime) -> None:
    for paper in papers:
        stop(paper=paper, because=because, at=at)
