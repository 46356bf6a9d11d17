"""Writing a decision down: what giving, refusing, withdrawing and the clock have in common."""

from __future__ import annotations

from consent.models import Decision, Form
from ledger.record import record
from residents.models import Resident, User


def one_at_a_time(resident: Resident) -> Resident:
    """Two tabs of one person take turns. Inside a transaction."""
    return Resident.objects.select_for_update(no_key=True).get(pk=resident.pk)


def write(
    *,
    resident: Resident,
    form: Form,
    kind: Decision.Kind,
    actor: User | None,
    capacity: Decision.Capacity,
    language: str,
    route: Decision.Route,
) -> Decision:
    """Append the decision and its entry in the ledger. Inside a transaction."""
    decision = Decision.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        form=form,
        purpose=form.purpose,
        kind=kind,
        actor=actor,
        capacity=capacity,
        route=route,
        language=language,
        form_hash=form.content_hash,
    )
    record(
        kind=f"consent.{kind}",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            "decision": decision.pk,
            "purpose": form.purpose,
            "form": form.pk,
            "form_hash": bytes(form.content_hash or b"").hex(),
            "language": language,
            "actor": actor.pk if actor else None,
            "capacity": str(capacity),
            "route": str(route),
        },
    )
    return decision
