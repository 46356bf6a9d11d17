"""For each rule, something that it is about: made with its clock at a given moment, and whether it is still there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from residents.models import Ownership
from tests.retention.due import consents, given, others, people, ways_in
from tests.retention.due.places import Place, StillThere, edge, rule

__all__ = ["MADE", "Place", "edge", "make_due", "rule"]

MADE: dict[str, Callable[[Place, datetime], StillThere]] = {
    "residents.birth_dates": people.birth_date,
    "residents.letters": people.letter,
    "residents.unproven_addresses": people.unproven_address,
    "residents.messages": people.message,
    "residents.slips": people.slip,
    "residents.second_steps_begun": people.second_step_begun,
    "residents.second_steps": people.second_step,
    "residents.passkeys": people.passkey,
    "residents.imports": people.imported,
    "residents.owned": people.home(Ownership),
    "residents.archives": people.archive,
    "residents.request_words": people.request_words,
    "residents.held": people.held,
    "residents.hold_proposals": people.hold_proposed,
    "residents.holds": people.hold_ended,
    "residents.latenesses": people.lateness,
    "residents.openings": people.opening,
    "residents.deletions": people.deletion,
    "residents.sessions": people.session,
    "residents.desk_history": people.desk_history,
    "residents.retention_runs": people.run,
    "residents.minors_audits": others.minors_audit,
    "committees.rights_changes": others.rights_change,
    "committees.names": others.name,
    "committees.notices": others.news("published_at"),
    "committees.notices_taken_down": others.news("taken_down_at"),
    "committees.drafts": others.news("written_at"),
    "consent.lapsed": consents.standing,
    "consent.notices": consents.notice,
    "consent.assessments": consents.assessment,
    "consent.papers": consents.paper,
    "consent.decisions": consents.decision,
    "access.photos": ways_in.enrolment("waiting", "created_at"),
    "access.enrolments_refused": ways_in.enrolment("refused", "finished_at", reason="no_face"),
    "access.entry_events": ways_in.event,
    "access.card_numbers": ways_in.card,
    "access.pins": ways_in.pin,
    "access.tombstones": ways_in.tombstone,
    "access.ended_ways": ways_in.ended_way,
    "access.visits": ways_in.visit,
    "access.taps": ways_in.tap,
    "access.unknown_cards": ways_in.unknown_card,
    "access.pairing_codes": ways_in.pairing_code,
    "access.silences": ways_in.silence,
    "sharing.pieces": others.piece,
    "sharing.copies": others.copy_unfetched,
    "sharing.drafts": others.draft,
    "sharing.given": given.given,
    "sharing.answers": given.answer,
    "sharing.named": given.named,
    "sharing.affected": given.affected,
    "sharing.told": given.told,
    "committees.service_words": others.service_words,
}


@transaction.atomic
def make_due(code: str, place: Place) -> StillThere:
    return MADE[code](place, edge(rule(code), place.now))
