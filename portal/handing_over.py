"""What there is to hand over at the end of a term or a contract, computed from all rooms: archives, keys, gates, open work,
organizations outside (obligation 46).

Each line is a count and a digest over the numbers of what is counted, so that whoever takes over can see later that nothing went
missing. Things, gates and counts stand in it, and nobody: it is printed, and goes from hand to hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.models import Device, EmergencyOpening, Gate, MethodChange
from committees import custody
from committees.handing_over import Line
from committees.models import (
    CompanyContract,
    CoOption,
    Handover,
    HandoverLine,
    KeyCustody,
    Notice,
    NoticeFile,
    ServiceRequest,
    Term,
)
from consent.models import Form, Paper
from ledger.models import Checkpoint, Entry
from residents import emergencies
from residents.models import Backup, Departure, ErasureOrder, Letter, Neighborhood, RightsRequest
from sharing import leaks
from sharing.models import Contract, Copy, Order, Recall, Recipient

Kind = HandoverLine.Kind
Rows = QuerySet[Any, Any]

# The words for each line, on the screen and on the sheet.
WHAT: Mapping[str, str | Promise] = {
    "notices": _("Notices, meetings and documents that this body published"),
    "drafts": _("Drafts of notices of this body"),
    "files": _("Files with its notices"),
    "forms": _("Consent forms, all versions"),
    "papers": _("Consents on paper, with their folder"),
    "terms": _("Terms of this body, past and present"),
    "co_options": _("Decisions on co-option, with their minutes"),
    "company_contracts": _("Contracts with the property company, with their papers"),
    "ledger": _("The record nobody can secretly change: entries about this neighborhood"),
    "checkpoint": _("The latest signed head of that record: keep its sheet"),
    "backups": _("Backup sets that are kept"),
    KeyCustody.Thing.HALF_1: KeyCustody.Thing.HALF_1.label,
    KeyCustody.Thing.HALF_2: KeyCustody.Thing.HALF_2.label,
    KeyCustody.Thing.BACKUP: KeyCustody.Thing.BACKUP.label,
    "gate": _("Gate, with its readers"),
    "method_changes": _("Changes at gates that are planned or announced"),
    "service": _("Requests to this body that are open"),
    "rights": _("Requests about people’s own data that are open"),
    "erasures": _("Deletions that are not complete yet"),
    "incidents": _("Incidents that are not closed"),
    "openings": _("Emergency openings of gates that nobody has reviewed"),
    "emergencies": _("Details opened because a life was in danger, not looked at since"),
    "departures": _("Open questions about who lives where"),
    "letters": _("Letters that are printed and not delivered"),
    "recipients": _("Organizations outside that are known here"),
    "recipient_contracts": _("Contracts with them"),
    "copies": _("What was given to them and is not over"),
    "recalls": _("What they were asked to delete and have not confirmed"),
    "orders": _("Orders by law, with their papers"),
}


def manifest(handover: Handover, *, at: datetime) -> list[Line]:
    """Every line, in the order of the sheet; one that is empty stands there as a nought, so that it is said."""
    return [
        *_archives(handover),
        *_keys(handover.neighborhood),
        *_devices(handover.neighborhood),
        *_work(handover, at),
        *_recipients(handover.neighborhood),
    ]


def in_words(what: str, label: str = "") -> str:
    words = str(WHAT.get(what, what))
    return f"{words}: {label}" if label else words


def _archives(handover: Handover) -> Iterator[Line]:
    body, here = handover.committee, {"neighborhood": handover.neighborhood}
    notices = Notice.objects.filter(committee=body)
    yield _line(Kind.ARCHIVES, "notices", notices.filter(published_at__isnull=False))
    yield _line(Kind.ARCHIVES, "drafts", notices.filter(published_at=None))
    yield _line(Kind.ARCHIVES, "files", NoticeFile.objects.filter(notice__committee=body))
    yield _line(Kind.ARCHIVES, "forms", Form.objects.filter(published_at__isnull=False, **here))
    yield _line(Kind.ARCHIVES, "papers", Paper.objects.filter(**here))
    yield _line(Kind.ARCHIVES, "terms", Term.objects.filter(committee=body))
    yield _line(Kind.ARCHIVES, "co_options", CoOption.objects.filter(committee=body))
    yield _line(Kind.ARCHIVES, "company_contracts", CompanyContract.objects.filter(**here))
    yield _ledger(handover.neighborhood)
    yield _checkpoint()
    yield _line(Kind.ARCHIVES, "backups", Backup.objects.exclude(state=Backup.State.GONE))


def _keys(neighborhood: Neighborhood) -> Iterator[Line]:
    """Of whom each is, the page says to those who may know; the list says whether somebody has it."""
    for thing in KeyCustody.Thing:
        yield _line(Kind.KEYS, thing, custody.held(neighborhood).filter(thing=thing))


def _devices(neighborhood: Neighborhood) -> Iterator[Line]:
    readers: dict[Any, list[str]] = {}
    for of, device in Device.objects.trusted().filter(neighborhood=neighborhood).values_list("gate", "pk"):
        readers.setdefault(of, []).append(str(device))
    for gate in Gate.objects.filter(neighborhood=neighborhood).order_by("name", "pk"):
        found = sorted(readers.get(gate.pk, []))
        yield Line(Kind.DEVICES, "gate", len(found), digest([str(gate.pk), *found]), label=gate.name)
    changes = MethodChange.objects.open().filter(neighborhood=neighborhood)
    yield _line(Kind.DEVICES, "method_changes", changes)


def _work(handover: Handover, at: datetime) -> Iterator[Line]:
    neighborhood, here = handover.neighborhood, {"neighborhood": handover.neighborhood}
    asked = ServiceRequest.objects.open().filter(body=handover.committee.kind, **here)
    found: Mapping[str, Rows] = {
        "service": asked,
        "rights": RightsRequest.objects.open().filter(**here),
        "erasures": ErasureOrder.objects.incomplete().filter(**here),
        "incidents": leaks.open_rooms().filter(**here),
        "openings": EmergencyOpening.objects.to_review(at).filter(**here),
        "emergencies": emergencies.waiting(neighborhood=neighborhood),
        "departures": Departure.objects.filter(**here).exclude(state__in=Departure.CLOSED),
        "letters": Letter.objects.open(at).filter(delivered_at=None, **here),
    }
    for what, rows in found.items():
        yield _line(Kind.WORK, what, rows)


def _recipients(neighborhood: Neighborhood) -> Iterator[Line]:
    here = {"neighborhood": neighborhood}
    found: Mapping[str, Rows] = {
        "recipients": Recipient.objects.filter(**here),
        "recipient_contracts": Contract.objects.filter(confirmed_at__isnull=False, **here),
        "copies": Copy.objects.living().filter(**here),
        "recalls": Recall.objects.waiting().filter(**here),
        "orders": Order.objects.filter(**here),
    }
    for what, rows in found.items():
        yield _line(Kind.RECIPIENTS, what, rows)


def _line(kind: HandoverLine.Kind, what: str, rows: Rows) -> Line:
    """One query; numbers only."""
    numbers = sorted(map(str, rows.order_by().values_list("pk", flat=True)))
    return Line(kind, str(what), len(numbers), digest(numbers))


def _ledger(neighborhood: Neighborhood) -> Line:
    """Entries are numbered without gaps that matter: how many, and the last one, name them all."""
    entries = Entry.objects.filter(neighborhood=neighborhood.pk)
    last = entries.order_by("-pk").values_list("pk", flat=True).first()
    count = entries.count()
    return Line(Kind.ARCHIVES, "ledger", count, digest([str(count), str(last)]))


def _checkpoint() -> Line:
    latest = Checkpoint.objects.order_by("-size").first()
    if latest is None:
        return Line(Kind.ARCHIVES, "checkpoint", 0, digest([]))
    return Line(Kind.ARCHIVES, "checkpoint", 1, bytes(latest.root).hex())


def digest(numbers: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(numbers).encode()).hexdigest()
