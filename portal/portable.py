"""What somebody takes along: the data about themselves, in a shape that stays and that other systems can read (obligation 33).

The shape is written down in docs/portable.md and changes only with `VERSION`. It spans rooms, so it is put together here and
nowhere else. Only what is about the person: of others not a name, no secret of any way in, and nothing made from a face,
which goes nowhere (law 10). Times are in UTC, days are the neighborhood's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from access.models import Credential
from consent.models import Decision
from residents import contact, mail_addresses, notifying, relatives
from residents.models import MailAddress, Occupancy, Ownership, RequestWords, Resident, RightsRequest
from sharing.models import Answer, DisclosedRow

FORMAT, VERSION = "linmen.portable", 1
LEFT_OUT = (
    "names and numbers of other people",
    "secrets: passwords, PINs, numbers of cards and codes",
    "anything made from a face or a fingerprint",
    "entries at gates, which the record itself shows",
)

Part = dict[str, Any]


def portable(*, resident: Resident, at: datetime) -> Part:
    """As plain values of JSON. The number of queries is the same for everybody."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_at": _moment(at),
        "person": _person(resident),
        "dwellings": [_lived(each) for each in _homes(Occupancy, resident)],
        "owned": [_owned(each) for each in _homes(Ownership, resident)],
        "ways_in": [_way(each) for each in resident.credentials.order_by("created_at", "pk")],
        "decisions": _decisions(resident),
        "sharing": _sharing(resident),
        "given": _given(resident),
        "requests": _requests(resident),
        "after_death": _after_death(resident),
        "left_out": list(LEFT_OUT),
    }


def _person(resident: Resident) -> Part:
    return {
        "number": str(resident.pk),
        "name": resident.name,
        "phone": contact.phone_of(resident) or None,
        "born": resident.born.isoformat() if resident.born else None,
        "on_the_register_since": _moment(resident.created_at),
        "left_at": _moment(resident.left_at),
        "mail_address": _mail_address(resident),
        "told_of": [{"topic": topic, "by": way} for topic, way in sorted(notifying.chosen(resident))],
        "letters_kept_at_the_desk": resident.keep_at_desk,
        "neighborhood": {
            "number": str(resident.neighborhood_id),
            "name": resident.neighborhood.name,
            "time_zone": resident.neighborhood.time_zone,
        },
    }


def _mail_address(resident: Resident) -> str | None:
    given = MailAddress.objects.filter(resident=resident).first()
    return (mail_addresses.address_of(given) or None) if given else None


def _homes(model: Any, resident: Resident) -> Any:
    return model.objects.filter(resident=resident).select_related("unit__building").order_by("since", "pk")


def _owned(home: Any) -> Part:
    return {
        "building": home.unit.building.name,
        "dwelling": home.unit.number,
        "since": home.since.isoformat(),
        "until": home.until.isoformat() if home.until else None,
    }


def _lived(home: Occupancy) -> Part:
    return _owned(home) | {"as": home.tenure}


def _way(way: Credential) -> Part:
    return {
        "kind": way.kind,
        "since": _moment(way.created_at),
        "ended_at": _moment(way.ended_at),
        "ended_because": way.ended_because or None,
    }


def _decisions(resident: Resident) -> list[Part]:
    said = Decision.objects.filter(resident=resident).select_related("form").order_by("at", "pk")
    return [
        {
            "purpose": each.purpose,
            "answer": each.kind,
            "at": _moment(each.at),
            "by": each.capacity,
            "how": each.route,
            "form": str(each.form_id),
            "form_version": each.form.version,
        }
        for each in said
    ]


def _sharing(resident: Resident) -> list[Part]:
    said = Answer.objects.filter(resident=resident).select_related("request__recipient").order_by("id")
    return [
        {
            "recipient": each.request.recipient.name,
            "fields": sorted(each.request.fields),
            "answer": "yes" if each.yes else "no",
            "at": _moment(each.at),
        }
        for each in said
    ]


def _given(resident: Resident) -> list[Part]:
    rows = DisclosedRow.objects.filter(resident=resident, disclosure__built_at__isnull=False)
    return [
        {
            "recipient": each.disclosure.request.recipient.name,
            "fields": sorted(each.fields),
            "at": _moment(each.disclosure.built_at),
        }
        for each in rows.select_related("disclosure__request__recipient").order_by(
            "disclosure__built_at", "pk"
        )
    ]


def _requests(resident: Resident) -> list[Part]:
    asked = RightsRequest.objects.filter(resident=resident).prefetch_related("words")
    return [
        {
            "number": str(each.pk),
            "kind": each.kind,
            "state": each.state,
            "opened_at": _moment(each.opened_at),
            "due_at": _moment(each.due_at),
            "closed_at": _moment(each.closed_at),
            **{
                str(words.part): words.words
                for words in each.words.all()
                if words.part in (RequestWords.Part.ASKED, RequestWords.Part.ANSWER)
            },
        }
        for each in asked.order_by("opened_at", "pk")
    ]


def _after_death(resident: Resident) -> Part | None:
    standing = relatives.instruction_of(resident)
    return None if standing is None else {"wish": standing.wish, "since": _moment(standing.at)}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
