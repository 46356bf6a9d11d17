"""The receipt of a decision: JSON-LD, signed, with the proof that it stands in the ledger (law 9, obligation 35).

Structure and terms follow the W3C's guide to ISO/IEC TS 27560 with the Data Privacy Vocabulary; `consent.receipt_fields`
lists what is mandatory and `docs/receipts.md` explains it. A receipt is about one decision and never changes: asked for
again it is the same to the letter, but for its proof, which grows with the log.

No name is in it, only numbers that lead to nobody without the register: a receipt that is lost harms nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from consent.content import content
from consent.decisions import KIND
from consent.models import Category, Decision, Form, Method, Purpose, Storage, WayOut
from ledger import bundles, signing
from ledger.models import Entry
from residents import ages

CONTEXT = Path(__file__).with_name("receipt-1.jsonld")
# Receipts are numbered from their decision, so that one decision has one receipt.
NUMBERS = UUID("5d1b1c0e-2c0f-5b0e-9a53-0c6f2f7f2a11")
RECORD_SCHEMA, RECEIPT_SCHEMA = "dpv-27560:record", "dpv-27560:receipt"
JURISDICTION, LAW = "loc:CN", "Personal Information Protection Law, Articles 14-17, 29-31"
CLOCK = "urn:linmen:clock"

Kind, Capacity, Route = Decision.Kind, Decision.Capacity, Decision.Route
Json = dict[str, Any]

# DPV has no word for some of them; the nearest, and `linmen:kind` beside it.
STATES: Mapping[str, str] = {
    Kind.GIVEN: "dpv:ConsentGiven",
    Kind.REFUSED: "dpv:ConsentRefused",
    Kind.WITHDRAWN: "dpv:ConsentWithdrawn",
    Kind.EXPIRED: "dpv:ConsentExpired",
    Kind.SUPERSEDED: "dpv:ConsentRevoked",  # by the controller: the form it was given to is not in force any more
    Kind.ENDED: "dpv:ConsentExpired",  # "temporal or contextual": living here was the context
    Kind.UNHELD: "dpv:ConsentExpired",  # and so was the power of the guardians who had agreed
}
PURPOSES: Mapping[str, str] = {
    Purpose.FACE_AT_GATE: "dpv:EnforceAccessControl",
    Purpose.PHOTO_OVER_INTERNET: "dpv:ServiceRegistration",
    Purpose.TEMPLATE_ON_SERVER: "dpv:ServiceProvision",
}
DATA: Mapping[str, str] = {Category.PHOTO: "pd:Picture", Category.TEMPLATE: "pd:FacialPrint"}
PROCESSING: Mapping[str, list[str]] = {
    Method.COMPARED_AT_GATE: ["dpv:Collect", "dpv:Derive", "dpv:Store", "dpv:Use"],
    Method.SENT_ENCRYPTED: ["dpv:Transmit", "dpv:Use", "dpv:Erase"],
    Method.KEPT_ON_SERVER: ["dpv:Store"],
}
PLACES: Mapping[str, str] = {Storage.DEVICE: "dpv:LocalLocation", Storage.SERVER: "dpv:RemoteLocation"}
LANGUAGES: Mapping[str, str] = {"zh-hans": "zh", "en": "en"}
WAYS_OUT: Mapping[str, Mapping[str, str]] = {
    "en": {
        WayOut.PORTAL: "on this website, with one press",
        WayOut.DESK: "at the desk",
        WayOut.PAPER: "on paper, at the desk",
    },
    "zh-hans": {
        WayOut.PORTAL: "在本网站上，一按即可",
        WayOut.DESK: "到服务台",
        WayOut.PAPER: "书面提出，交到服务台",
    },
}


class NotInLedger(LookupError):
    """The entry says nothing any more, or was written before entries said of which decision they are."""


def receipt(decision: Decision) -> Json:
    """Some twenty queries. Raises: NotInLedger"""
    return receipts([decision])[0]


def receipts(decisions: Sequence[Decision]) -> list[Json]:
    """In the order given. As many queries as for one, but for one more with each form, and those of `ledger.bundles` with
    each two hundred.

    Raises: NotInLedger
    """
    found = (
        Decision.objects.select_related("resident__neighborhood", "guardianship")
        .prefetch_related("form__texts")
        .in_bulk([decision.pk for decision in decisions])
    )
    entries = entries_of(found.values())
    if len(entries) < len(found):
        raise NotInLedger
    said = {form.pk: content(form) for form in {decision.form for decision in found.values()}}
    ordered = [found[decision.pk] for decision in decisions]
    proofs = bundles.bundles([entries[decision.pk] for decision in ordered])
    return [
        _signed(decision, entries[decision.pk], said[decision.form_id], proof)
        for decision, proof in zip(ordered, proofs, strict=True)
    ]


def entries_of(decisions: Iterable[Decision]) -> dict[UUID, Entry]:
    """The ledger's entry of each decision whose entry is still open. One query."""
    keys = {str(decision.pk): decision.pk for decision in decisions}
    subjects = {decision.resident_id for decision in decisions}
    entries = Entry.objects.filter(kind=KIND, subject__in=subjects, opening__payload__decision__in=list(keys))
    return {keys[entry.opening.payload["decision"]]: entry for entry in entries.select_related("opening")}


def number_of(decision: Decision) -> str:
    """Of its receipt, the same whenever it is made."""
    return str(uuid5(NUMBERS, str(decision.pk)))


def context_url() -> str:
    """Where anybody finds the context. Nothing here ever fetches it."""
    host = settings.LEDGER_ORIGIN.partition("/")[
        0
    ]  # what follows it may become another name; the address stays
    return f"https://{host}/log/{CONTEXT.name}"


def _signed(decision: Decision, entry: Entry, said: Json, proof: Json) -> Json:
    number = number_of(decision)
    made: Json = {
        "@context": context_url(),
        "@id": f"urn:uuid:{number}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": RECEIPT_SCHEMA,
        "linmen:contextHash": hashlib.sha256(CONTEXT.read_bytes()).hexdigest(),
        "dpv:hasIdentifier": number,
        "dct:created": _time(decision.at),
        "dct:publisher": _controller_id(decision.form),
        "schema:recipient": _person(decision.resident_id),
        "dpv:hasRecordOfActivity": _record(decision, entry, said),
    }
    return {**made, "signature": signing.signature(made), "proof": proof}


def _record(decision: Decision, entry: Entry, said: Json) -> Json:
    return {
        "@id": f"urn:uuid:{decision.pk}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": RECORD_SCHEMA,
        "dpv:hasIdentifier": str(decision.pk),
        "dct:language": LANGUAGES[decision.language],
        "dpv:hasDataSubject": {
            "@id": _person(decision.resident_id),
            "@type": "dpv:DataSubject",
            "dpv:hasIdentifier": str(decision.resident_id),
        },
        "dpv:hasNotice": _notice(decision, said),
        "dpv:hasProcess": [_process(decision, entry, said)],
        "dpv:hasEntity": _entities(decision, said),
    }


def _notice(decision: Decision, said: Json) -> Json:
    form = decision.form
    return {
        "@id": f"urn:uuid:{form.pk}",
        "@type": "dpv:ConsentNotice",
        "dpv:hasIdentifier": str(form.pk),
        "dct:hasVersion": str(form.version),
        "linmen:language": decision.language,
        "linmen:contentHash": bytes(decision.form_hash).hex(),
        "linmen:words": said["texts"][decision.language],
        "linmen:content": said,
    }


def _process(decision: Decision, entry: Entry, said: Json) -> Json:
    form, language = decision.form, decision.language
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": [
            {
                "@type": "dpv:Purpose",
                "skos:broader": PURPOSES[decision.purpose],
                "skos:prefLabel": said["texts"][language]["title"],
                "linmen:code": decision.purpose,
            }
        ],
        "dpv:hasPersonalData": [
            {
                "@type": "dpv:SensitivePersonalData",
                "skos:broader": DATA[each],
                "linmen:code": each,
            }
            for each in form.categories
        ],
        "dpv:hasProcessing": PROCESSING[form.method],
        "dpv:hasDataSource": ["dpv:DataSubjectDataSource"],
        "dpv:hasDataController": [_controller_id(form)],
        "dpv:hasStorageCondition": _storage(form),
        "dpv:hasRecipient": [_recipient_id(form, place) for place, _ in enumerate(said["recipients"])],
        "dpv:hasLegalBasis": ["dpv:ExplicitlyExpressedConsent"],
        "dpv:hasJurisdiction": [JURISDICTION],
        "dpv:hasApplicableLaw": LAW,
        "dpv:hasConsentControl": [
            {
                "@type": "dpv:WithdrawConsent",
                "dpv:isExercisedAt": WAYS_OUT[language][each],
                "linmen:code": each,
            }
            for each in form.ways_out
        ],
        "dpv:hasConsentStatus": [_event(decision, entry)],
    }


def _storage(form: Form) -> list[Json]:
    places: list[Json] = [
        {
            "@type": ["dpv:StorageLocation"],
            "dpv:hasLocation": {"@type": "dpv:Location", "skos:broader": PLACES[each]},
            "linmen:code": each,
        }
        for each in form.storage
    ]
    kept = {"@type": "dpv:TemporalDuration", "rdf:value": f"P{form.retention_days}D"}
    return [*places, {"@type": ["dpv:StorageDuration"], "dpv:hasDuration": kept}]


def _event(decision: Decision, entry: Entry) -> Json:
    made: Json = {
        "@type": [STATES[decision.kind], "dpv:ExplicitlyExpressedConsent"],
        "dpv:isIndicatedAtTime": _time(decision.at),
        "dpv:isIndicatedBy": _actor_id(decision),
        "linmen:kind": decision.kind,
        "linmen:capacity": decision.capacity,
        "linmen:route": decision.route,
    }
    if decision.capacity == Capacity.SYSTEM:
        made["@type"] = [STATES[decision.kind]]  # the clock expresses nothing
    # Null is nothing in JSON-LD: what is not there is left out.
    optional = {
        "linmen:account": decision.actor_id,
        "linmen:guardianship": decision.guardianship_id,
        "linmen:paper": decision.paper_id,
    }
    made |= {name: str(value) for name, value in optional.items() if value is not None}
    if decision.kind == Kind.GIVEN:
        until = entry.opening.payload.get("until")
        if until:
            made["linmen:until"] = until
        good = {"@type": "dpv:UntilTimeDuration", "rdf:value": until or _time(good_until(decision, entry))}
        return {**made, "dpv:hasDuration": good}
    lasting = {"@type": "dpv:UntilEventDuration", "rdf:value": "until another decision"}
    return {**made, "dpv:hasDuration": lasting}


def good_until(decision: Decision, entry: Entry) -> datetime:
    """Until when a yes is good: as it was written down; where it was not, as the form says."""
    written = entry.opening.payload.get("until")
    if written:
        return datetime.fromisoformat(written)
    until = decision.at + timedelta(days=decision.form.life_days or 0)
    if decision.guardianship_id and decision.resident.born:
        until = min(until, ages.fourteen_at(decision.resident))
    return until


def _entities(decision: Decision, said: Json) -> list[Json]:
    form = decision.form
    controller = {
        "@id": _controller_id(form),
        "@type": ["dpv:DataController", "dpv:LegalEntity"],
        "dpv:hasIdentifier": _controller_id(form),
        "dpv:hasName": form.controller_name,
        "dpv:hasAddress": form.controller_address,
        "dpv:hasContact": form.controller_contact,
        "linmen:code": form.controller_kind,
    }
    recipients = [
        {
            "@id": _recipient_id(form, place),
            "@type": ["dpv:Recipient", "dpv:ThirdParty"],
            "dpv:hasIdentifier": _recipient_id(form, place),
            "dpv:hasName": each["name"],
            "dpv:hasContact": each["contact"],
            "dct:description": each["what_for"],
            "linmen:method": each["method"],
            "linmen:categories": each["categories"],
        }
        for place, each in enumerate(said["recipients"])
    ]
    return [controller, *recipients, *_actor(decision)]


def _actor(decision: Decision) -> list[Json]:
    """Who acted, if that was not the person: for whom, and as what."""
    actor, person = _actor_id(decision), _person(decision.resident_id)
    if decision.capacity == Capacity.SELF:
        return []
    if decision.capacity == Capacity.SYSTEM:
        return [{"@id": CLOCK, "@type": ["dpv:Entity"], "dpv:hasIdentifier": CLOCK}]
    made: Json = {
        "@id": actor,
        "@type": ["dpv:NaturalPerson"],
        "dpv:hasIdentifier": actor.removeprefix("urn:uuid:"),
        "dpv:isRepresentativeFor": person,
    }
    if decision.capacity == Capacity.GUARDIAN:
        made["dpv:hasRelationWithDataSubject"] = "dpv:GuardianOfDataSubject"
    return [made]


def _actor_id(decision: Decision) -> str:
    if decision.capacity == Capacity.SELF:
        return _person(decision.resident_id)
    if decision.guardianship:
        return _person(decision.guardianship.guardian_id)
    return CLOCK if decision.actor_id is None else f"urn:uuid:{decision.actor_id}"


def _controller_id(form: Form) -> str:
    return f"urn:linmen:body:{form.neighborhood_id}:{form.controller_kind}"


def _recipient_id(form: Form, place: int) -> str:
    return f"urn:linmen:recipient:{form.pk}:{place}"


def _person(key: UUID) -> str:
    return f"urn:uuid:{key}"


def _time(at: datetime) -> str:
    """As the ledger spells it."""
    return at.astimezone(UTC).isoformat()
