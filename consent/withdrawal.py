"""Withdrawing: one act, one transaction, no harder than agreeing (law 4).

The transaction writes the decision, deletes what may no longer be there, queues the drops at the gates, opens the
erasure order and ends the standing. The restricting foreign keys are the backstop: were an effect to forget a template,
the standing could not be deleted and nothing would commit. The key goes right after commit, and again until it is gone.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from consent import powers, scans, voices
from consent.decisions import one_at_a_time, write
from consent.models import SERVES, Decision, Form, Purpose, Standing
from consent.voices import Voice
from residents import effects
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace, Resident


class NothingToWithdraw(Exception):
    """No consent for this purpose stands: it was withdrawn before, perhaps in another tab, or never given."""


@transaction.atomic
def withdraw(
    *,
    resident: Resident,
    purpose: Purpose,
    voice: Voice,
    at: datetime,
) -> ErasureOrder:
    """Stop and delete. What only served this purpose stops in the same act.

    Whoever may say no may stop: the resident, and of a child any guardian, whoever of them had agreed.

    Raises: NothingToWithdraw, powers.NoGuardian
    """
    resident = one_at_a_time(resident)
    if voice.guardianship:
        powers.insist(voice.guardianship, resident, at)
    standings = _with_servants(resident, purpose)
    if not standings:
        raise NothingToWithdraw
    first, *servants = standings
    # On paper the sheet that was signed is named, which may say the same in other words than the one agreed to. It says
    # nothing about what only served this: that ends with it.
    signed = voice.paper
    write(
        resident=resident,
        form=signed.form if signed else first.decision.form,
        kind=Decision.Kind.WITHDRAWN,
        voice=voice,
    )
    for standing in servants:
        write(
            resident=resident,
            form=standing.decision.form,
            kind=Decision.Kind.SUPERSEDED if signed else Decision.Kind.WITHDRAWN,
            voice=voices.clock(voice.language) if signed else voice,
        )
    return _end(standings, cause=ErasureOrder.Cause.WITHDRAWN, at=at)


@transaction.atomic
def expire(*, standing: Standing, at: datetime) -> ErasureOrder | None:
    """End a consent that is over: its time has come, or its form is no longer in force (obligation 7).

    None if somebody else ended it first, or it is not over.
    """
    resident = one_at_a_time(standing.resident)
    standings = _with_servants(resident, Purpose(standing.purpose))
    if not standings or standings[0].pk != standing.pk or not Standing.objects.over(at).contains(standing):
        return None
    in_time = standings[0].expires_at > at
    for each in standings:
        write(
            resident=resident,
            form=each.decision.form,
            kind=Decision.Kind.SUPERSEDED if in_time else Decision.Kind.EXPIRED,
            voice=voices.clock(each.decision.language),
        )
    return _end(standings, cause=_cause(standings[0], in_time=in_time), at=at)


def _cause(standing: Standing, *, in_time: bool) -> ErasureOrder.Cause:
    if not in_time:
        return ErasureOrder.Cause.EXPIRED
    successor = Form.objects.filter(
        neighborhood=standing.neighborhood_id, purpose=standing.purpose, state=Form.State.PUBLISHED
    )
    return ErasureOrder.Cause.FORM_CHANGED if successor.exists() else ErasureOrder.Cause.RETIRED


def end_for_good(
    *, resident: Resident, purpose: str, cause: ErasureOrder.Cause, at: datetime
) -> ErasureOrder | None:
    """End a consent with the residence it belonged to. None if it ended before, with one that it served.

    Inside a transaction that holds the resident, after `left_at` was written: the database looks for it.
    """
    standings = _with_servants(resident, Purpose(purpose))
    for each in standings:
        write(
            resident=resident,
            form=each.decision.form,
            kind=Decision.Kind.ENDED,
            voice=voices.clock(each.decision.language),
        )
    return _end(standings, cause=cause, at=at) if standings else None


def end_unheld(*, resident: Resident, purpose: Purpose, at: datetime) -> ErasureOrder | None:
    """End what no guardian who had agreed to it can stop any more. Inside a transaction that holds the child; the database
    looks whether it is so."""
    standings = _with_servants(resident, purpose)
    for each in standings:
        write(
            resident=resident,
            form=each.decision.form,
            kind=Decision.Kind.UNHELD,
            voice=voices.clock(each.decision.language),
        )
    return _end(standings, cause=ErasureOrder.Cause.UNHELD, at=at) if standings else None


@transaction.atomic
def end_with_the_method(*, standing: Standing, at: datetime) -> ErasureOrder | None:
    """What was agreed to is done in another way now, so it is over as if its form had changed (obligation 7); whoever wants to
    agrees anew. None where it ended in the meantime."""
    resident = one_at_a_time(standing.resident)
    standings = _with_servants(resident, Purpose(standing.purpose))
    if not standings or standings[0].pk != standing.pk:
        return None
    for each in standings:
        write(
            resident=resident,
            form=each.decision.form,
            kind=Decision.Kind.SUPERSEDED,
            voice=voices.clock(each.decision.language),
        )
    return _end(standings, cause=ErasureOrder.Cause.FORM_CHANGED, at=at)


def end_again(
    *, standing: Standing, kind: Decision.Kind, cause: ErasureOrder.Cause, at: datetime
) -> ErasureOrder | None:
    """Of a restore: it had ended after the backup. Nobody can be asked again who ended it, so it is the clock that says so now.
    Inside a transaction that holds the resident. None where it is over by now."""
    standings = _with_servants(standing.resident, Purpose(standing.purpose))
    for each in standings:
        write(
            resident=standing.resident,
            form=each.decision.form,
            kind=kind,
            voice=voices.clock(each.decision.language),
        )
    return _end(standings, cause=cause, at=at) if standings else None


def _with_servants(resident: Resident, purpose: Purpose) -> list[Standing]:
    """The standing for this purpose and those that only serve it, locked; nothing if the first does not stand."""
    purposes = [purpose, *(servant for servant, served in SERVES.items() if served == purpose)]
    found = {
        standing.purpose: standing
        for standing in Standing.objects.select_for_update(of=("self",))
        .select_related("decision__form")
        .filter(resident=resident, purpose__in=purposes)
    }
    return [found[each] for each in purposes if each in found] if purpose in found else []


def _end(standings: list[Standing], *, cause: ErasureOrder.Cause, at: datetime) -> ErasureOrder:
    places: list[Place] = []
    for standing in standings:
        places += effects.call(f"withdraw:{standing.purpose}", standing=standing, at=at)
        places += scans.delete_proofs(standing)
    first = standings[0]
    places.append(Place(kind=ErasurePlace.Kind.PAGES, target=first.pk))
    order = open_order(resident=first.resident, purpose=first.purpose, cause=cause, places=places, at=at)
    for standing in standings:
        standing.delete()
    transaction.on_commit(lambda: effects.call("erase_soon", order=order.pk), robust=True)
    return order
