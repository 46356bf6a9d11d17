"""Each thing in the record as a program reads it: the same in every language, described in docs/record.md.

Staff by their role, never by account; of other residents nothing. A change of these is another SCHEMA.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from access.models import Credential, EntryEvent, Pass, TapRequest
from consent import receipts
from consent.models import Decision, Notice
from residents.models import DeskAct, Letter, LookUp, Message, Wish
from sharing.models import Answer, DisclosedRow

SCHEMA = "linmen-record/1"
Json = dict[str, Any]


def look_up(look: LookUp) -> Json:
    return {
        "id": str(look.pk),
        "at": moment(look.at),
        "what": look.what,
        "by": look.capacity,
        "reason": look.reason,
        "until": moment(look.until),
        "approved_by": look.approval.answered_capacity if look.approval else None,
    }


def disclosed(row: DisclosedRow) -> Json:
    asked = row.disclosure.request
    return {
        "id": str(row.disclosure_id),
        "at": moment(row.disclosure.built_at),
        "recipient": asked.recipient.name,
        "recipient_contact": asked.recipient.contact,
        "fields": row.fields,
        "purpose": asked.purpose,
        "purpose_en": asked.purpose_en,
        "kept_days": asked.retention_days,
    }


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
