"""Writing a decision down: what giving, refusing, withdrawing and the clock have in common."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from consent import stopping
from consent.models import Decision, Form
from consent.voices import Voice
from ledger.record import record
from residents.models import Resident

KIND = "consent.decided"


def one_at_a_time(resident: Resident) -> Resident:
    """Two tabs of one person, and two guardians of one child, take turns. Inside a transaction."""
    return Resident.objects.select_for_update(no_key=True).get(pk=resident.pk)


def wait_for_the_form(form: Form) -> None:
    """Whoever is publishing or putting out of force goes first, or waits until this decision is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM consent_form WHERE id = %s FOR SHARE", [form.pk])


def write(
    *, resident: Resident, form: Form, kind: Decision.Kind, voice: Voice, until: datetime | None = None
) -> Decision:
    """Append the decision and its entry in the ledger. Inside a transaction. A yes says until when it is good.

    Which way it went stands in the entry's opening, never openly: nobody can ask the ledger who said no.
    """
    decision = Decision.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        form=form,
        purpose=form.purpose,
        kind=kind,
        actor=voice.actor,
        capacity=voice.capacity,
        route=voice.route,
        guardianship=voice.guardianship,
        paper=voice.paper,
        language=voice.language,
        form_hash=form.content_hash,
    )
    payload: dict[str, object] = {"until": until} if until else {}
    record(
        kind=KIND,
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            **payload,
            "at": decision.at,
            "decision": decision.pk,
            "kind": str(kind),
            "purpose": form.purpose,
            "form": form.pk,
            "form_hash": bytes(form.content_hash or b"").hex(),
            "language": voice.language,
            "actor": voice.actor.pk if voice.actor else None,
            "capacity": str(voice.capacity),
            "route": str(voice.route),
            "guardianship": voice.guardianship.pk if voice.guardianship else None,
            "paper": voice.paper.pk if voice.paper else None,
        },
    )
    # The clock decides nothing anew, and what somebody has signed or has at home is theirs: a helper does not stop it.
    if voice.capacity not in (Decision.Capacity.SYSTEM, Decision.Capacity.HELPER):
        stopping.stop_others(resident=resident, purpose=form.purpose, but=voice.paper, at=decision.at)
    return decision
