"""Each thing in the record as a program reads it: the same in every language, described in docs/record.md.

Staff by their role, never by account; of other residents nothing. A change of these is another SCHEMA. Moments are in
UTC, days those of the neighborhood's own calendar.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from access.models import Credential, EntryEvent, Pass, TapRequest
from consent import receipts
from consent.models import Decision, Notice
from residents import contact, mail_addresses, notifying, relatives
from residents.models import (
    DeskAct,
    Emergency,
    Hold,
    Letter,
    LookUp,
    MailAddress,
    Message,
    Neighborhood,
    Occupancy,
    Ownership,
    Passkey,
    RecoveryCode,
    RequestWords,
    Resident,
    RightsRequest,
    SecondStep,
    User,
    Wish,
)
from sharing import given, recalls
from sharing.models import Answer, DisclosedRow, LeakNotice, LeakTold, Order

SCHEMA = "linmen-record/1"
Json = dict[str, Any]
# Of a request, what the person wrote and was answered; not the reasons of a relative.
SAID = (RequestWords.Part.ASKED, RequestWords.Part.ANSWER)


def neighborhood(here: Neighborhood) -> Json:
    return {"id": str(here.pk), "name": here.name, "name_en": here.name_en, "time_zone": here.time_zone}


def person(resident: Resident) -> Json:
    return {
        "name": resident.name,
        "phone": contact.phone_of(resident) or None,
        "born": resident.born.isoformat() if resident.born else None,
        "registered": moment(resident.created_at),
        "left": moment(resident.left_at),
        "letters_kept_at_desk": resident.keep_at_desk,
        "mail_address": _mail_address(resident),
        "told_of": [{"topic": topic, "by": way} for topic, way in sorted(notifying.chosen(resident))],
    }


def _mail_address(resident: Resident) -> str | None:
    given = MailAddress.objects.filter(resident=resident).first()
    return (mail_addresses.address_of(given) or None) if given else None


def dwellings(resident: Resident) -> list[Json]:
    return [_home(each) | {"as": each.tenure} for each in _homes(Occupancy, resident)]


def owned(resident: Resident) -> list[Json]:
    return [_home(each) for each in _homes(Ownership, resident)]


def _homes(model: Any, resident: Resident) -> Any:
    return model.objects.filter(resident=resident).select_related("unit__building").order_by("-since", "-pk")


def _home(home: Occupancy | Ownership) -> Json:
    return {
        "building": home.unit.building.name,
        "dwelling": home.unit.number,
        "since": home.since.isoformat(),
        "until": home.until.isoformat() if home.until else None,
    }


def account(resident: Resident) -> Json | None:
    """What it is opened with, without a key and without a number of one."""
    name = User.objects.filter(resident=resident).values_list("username", flat=True).first()
    passkeys = Passkey.objects.standing().filter(user__resident=resident).order_by("-added_at", "-pk")
    on = SecondStep.objects.on().filter(user__resident=resident).first()
    used = RecoveryCode.objects.filter(step__user__resident=resident, used_at__isnull=False)
    about = {
        "user_name": name,
        "passkeys": [
            {
                "name": each.name,
                "added": moment(each.added_at),
                "last_used": each.last_used.isoformat() if each.last_used else None,
            }
            for each in passkeys
        ],
        "codes_on_since": moment(on.confirmed_at) if on else None,
        "wrong_codes": moment(on.wrong_at) if on else None,
        "recovery_codes_used": [moment(each.used_at) for each in used.order_by("-used_at", "-pk")],
    }
    return about if name else None


def requests(resident: Resident) -> list[Json]:
    asked = RightsRequest.objects.filter(resident=resident).prefetch_related("words")
    return [_request(each) for each in asked.order_by("-opened_at", "-pk")]


def _request(asked: RightsRequest) -> Json:
    said = {each.part: each.words for each in asked.words.all() if each.part in SAID}
    return {
        "id": str(asked.pk),
        "at": moment(asked.opened_at),
        "kind": asked.kind,
        "state": asked.state,
        "due": moment(asked.due_at),
        "closed": moment(asked.closed_at),
        **{str(part): said.get(part) for part in SAID},
    }


def after_death(resident: Resident) -> Json | None:
    standing = relatives.instruction_of(resident)
    return None if standing is None else {"at": moment(standing.at), "wish": standing.wish}


def holds(resident: Resident) -> list[Json]:
    """That a law wants something kept, as far as the person has been told."""
    found = Hold.objects.told().filter(resident=resident).order_by("-proposed_at", "pk")
    return [
        {
            "id": str(hold.pk),
            "name": hold.name,
            "reason": hold.reason,
            "basis": hold.basis,
            "document": hold.document,
            "kept": hold.covers,
            "since": moment(hold.proposed_at),
            "told": moment(hold.told_at),
            "told_later_because": hold.untold_because or None,
            "until": moment(hold.held_until),
            "at_the_latest": moment(hold.ends_at),
            "ended": moment(hold.ended_at),
            "handed_out": [
                {
                    "to": each.to,
                    "order": each.order,
                    "at": moment(each.handed_at),
                    "copies": each.rows,
                    "sha256": each.sha256,
                }
                for each in hold.was_handed_out
            ],
        }
        for hold in found
    ]


def look_up(look: LookUp) -> Json:
    return {
        "id": str(look.pk),
        "at": moment(look.at),
        "what": look.what,
        "by": look.capacity,
        "reason": look.reason,
        "until": moment(look.until),
        "approved_by": look.approval.answered_capacity if look.approval else None,
        "emergency": _emergency(look.emergency) if look.emergency else None,
    }


def _emergency(emergency: Emergency) -> Json:
    found = emergency.looked_at
    return {
        "id": str(emergency.pk),
        "told": emergency.told,
        "reviewed_by": found.capacity if found else None,
        "needed": found.needed if found else None,
        "found": found.words if found else None,
    }


def disclosed(row: DisclosedRow) -> Json:
    asked = row.copy.disclosure.request
    return {
        "id": str(row.copy_id),
        "at": moment(row.copy.ready_at),
        "fetched": moment(row.copy.handed_at),
        "values": given.of(row),
        "recipient": asked.recipient.name,
        "recipient_contact": asked.recipient.contact,
        "fields": row.fields,
        "purpose": asked.purpose,
        "purpose_en": asked.purpose_en,
        "kept_days": None if row.order else asked.retention_days,
        "order": _order(row.order) if row.order else None,
        **_asked_back(row),
    }


def _order(order: Order) -> Json:
    return {
        "id": str(order.pk),
        "law": order.legal_basis,
        "document": order.document,
        "document_sha256": order.document_sha256,
        "told_on": moment(order.tell_on),
        "telling_forbidden_by": order.forbidden_by or None,
    }


def _asked_back(row: DisclosedRow) -> Json:
    if not hasattr(row, "recalled"):
        return {"asked_back_at": None, "deletion_confirmed_at": None}
    recall = row.recalled.recall
    confirmed = moment(recall.confirmation.at) if recalls.is_confirmed(recall) else None
    return {"asked_back_at": moment(recall.opened_at), "deletion_confirmed_at": confirmed}


def handed(message: Message) -> Json:
    return {
        "id": str(message.pk),
        "at": moment(message.handed_at),
        "to": message.operator,
        "field": "phone" if message.way == Wish.Way.SMS else "mail_address",
        "for": message.what,
    }


def slip(message: Message) -> Json:
    return {"id": str(message.pk), "at": moment(message.over_at)}


def decision(decided: Decision) -> Json:
    return {
        "id": str(decided.pk),
        "at": moment(decided.at),
        "purpose": decided.purpose,
        "answer": decided.kind,
        "by": decided.capacity,
        "route": decided.route,
        "language": decided.language,
        "form": str(decided.form_id),
        "form_sha256": bytes(decided.form_hash).hex(),
        "receipt": receipts.number_of(decided),
    }


def answer(said: Answer) -> Json:
    return {
        "id": said.pk,
        "at": moment(said.at),
        "request": str(said.request_id),
        "recipient": said.request.recipient.name,
        "fields": said.request.fields,
        "answer": "yes" if said.yes else "no",
        "agreed": said.fields,
        "abroad": said.abroad,
        "by": "guardian" if said.guardianship_id else "self",
    }


def desk_act(done: DeskAct) -> Json:
    return {
        "id": str(done.pk),
        "at": moment(done.at),
        "act": done.act,
        "by": done.capacity,
        "known_by": done.known_by,
    }


def letter(written: Letter) -> Json:
    return {
        "id": str(written.pk),
        "at": moment(written.made_at),
        "purpose": written.purpose,
        "goes": written.goes,
        "by": written.capacity or None,
        "expires": moment(written.expires_at),
        "delivered": moment(written.delivered_at),
        "delivered_how": written.delivered_how or None,
        "seen": written.seen or None,
        "used": moment(written.used_at),
        "replaced": moment(written.replaced_at),
    }


def way(held: Credential) -> Json:
    return {
        "id": str(held.pk),
        "at": moment(held.created_at),
        "kind": held.kind,
        "lent": held.temporary,
        "ended": moment(held.ended_at),
        "ended_because": held.ended_because or None,
    }


def tap(awaited: TapRequest) -> Json:
    return {
        "id": str(awaited.pk),
        "at": moment(awaited.made_at),
        "gate": awaited.gate.name,
        "gate_en": awaited.gate.name_en,
        "by": awaited.capacity,
        "outcome": awaited.outcome or None,
        "closed": moment(awaited.closed_at),
    }


def visit(made: Pass) -> Json:
    return {
        "id": str(made.pk),
        "at": moment(made.made_at),
        "from": moment(made.valid_from),
        "until": moment(made.valid_until),
        "one_trip": made.once,
        "ended": moment(made.credential.ended_at),
    }


def notice(said: Notice) -> Json:
    return {
        "id": str(said.pk),
        "at": moment(said.at),
        "kind": said.kind,
        "purpose": said.purpose,
        "form": str(said.form_id),
        "put_away": moment(said.seen_at),
    }


def leak_told(said: LeakTold) -> Json:
    return {
        "id": str(said.pk),
        "at": moment(said.at),
        "by": said.way,
        "noticed": moment(said.notice.leak.noticed_at),
        "of_a_child": said.about_id != said.reader_id,
        **{name: getattr(said.notice, name) for name in LeakNotice.ITEMS},
    }


def entry(event: EntryEvent) -> Json:
    return {
        "id": str(event.pk),
        "at": moment(event.device_time),
        "told": moment(event.received_at),
        "gate": event.gate.name,
        "gate_en": event.gate.name_en,
        "way": event.kind,
        "outcome": event.outcome,
        "reason": event.reason or None,
    }


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
