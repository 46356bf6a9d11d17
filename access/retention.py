"""What this room deletes: by the clock (law 8), and when a consent ends, and what is then to be asked of whom (laws 3, 4,
10 and 12).

The three `end_…` functions are effects: `consent` calls them inside the transaction that ends the standing, by the names
in `settings.EFFECTS`. They delete rows, queue the drops at the gates, and return the places an erasure order must hear
from before it is complete. Files, keys and pages follow after commit (`portal/erasure.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from access import beside, enrolment, events, feed, holding, tapping
from access.feed import refresh
from access.models import (
    Credential,
    Device,
    Enrolment,
    EntryEvent,
    FeedRow,
    Gate,
    PairingCode,
    Pass,
    SealedCopy,
    Silence,
    TapRequest,
    Template,
    UnknownCard,
)
from access.templates import retire
from consent.models import Standing
from residents.erasure import Place
from residents.keeping import (
    ByNeighborhood,
    End,
    Holdable,
    Kept,
    Rows,
    Rule,
    Setting,
    deleted,
    of_person,
)
from residents.models import ErasurePlace

Kind = ErasurePlace.Kind

# Tables that hold ciphertext of a face: what is deleted there stays in the file until it is rewritten.
CIPHERTEXT = (Template._meta.db_table,)
# What cards and PINs were known by, here and in what gates were told, of whoever is erased as a person.
WAYS = (Credential._meta.db_table, FeedRow._meta.db_table)


def end_face(*, standing: Standing, at: datetime) -> list[Place]:
    """No face opens a gate for this person any more; cards and rules are not touched (law 2)."""
    held = SealedCopy.objects.filter(standing=standing)
    # Readers, then copies, each locked in one order: a revocation or a receipt comes wholly before this or after it.
    readers = Device.objects.filter(pk__in=held.values("device"))
    list(readers.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    copies = list(
        held.select_for_update(of=("self",), no_key=True)
        .select_related("device__gate")
        .order_by("credential_id", "device_id")
    )
    faces = list(
        Credential.objects.active().filter(resident_id=standing.resident_id, kind=Credential.Kind.FACE)
    )
    places = [_device(copy) for copy in copies]
    held.delete()
    Template.objects.filter(standing=standing).delete()
    _enrolments(standing).delete()
    for face in faces:
        retire(credential=face, at=at)
    events.forget_credentials(faces)
    refresh(credentials=faces, at=at)
    return [*places, *_under_its_key(standing)]


def end_photos_over_internet(*, standing: Standing, at: datetime) -> list[Place]:
    """Photos on their way stop here. A face that was enrolled before rests on a consent of its own."""
    _enrolments(standing).delete()
    return _under_its_key(standing)


def end_template_on_server(*, standing: Standing, at: datetime) -> list[Place]:
    """The server's template goes now; a gate that already has its own copy goes on opening by it.

    No key goes with it: templates are under the key of the face's consent, and that one goes when that consent ends.
    """
    templates = Template.objects.filter(resident_id=standing.resident_id)
    targets = [standing.pk, *templates.values_list("credential_id", flat=True)]
    templates.delete()
    return [Place(kind=Kind.ROWS, target=target) for target in targets]


def rows_left(target: UUID) -> int:
    """Rows that still hold, or stand for, biometric data under this standing or credential, or a way in that ended."""
    return (
        Template.objects.filter(Q(standing_id=target) | Q(credential_id=target)).count()
        + SealedCopy.objects.filter(standing_id=target).count()
        + Enrolment.objects.filter(Q(standing_id=target) | Q(photo_standing_id=target)).count()
        + Standing.objects.filter(pk=target).count()
        + Credential.objects.active().exclude(kind=Credential.Kind.FACE).filter(pk=target).count()
    )


def _enrolments(standing: Standing) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(Q(standing=standing) | Q(photo_standing=standing))


def _under_its_key(standing: Standing) -> list[Place]:
    return [
        Place(kind=Kind.ROWS, target=standing.pk),
        # One folder holds every photo that came under this consent: see `photos`.
        Place(kind=Kind.PHOTOS, target=standing.pk),
        # Photos and templates were sealed with it, and would be again.
        Place(kind=Kind.KEY, target=standing.key),
    ]


def _device(copy: SealedCopy) -> Place:
    return Place(
        kind=Kind.DEVICE,
        target=copy.credential_id,
        device=copy.device_id,
        label=copy.device.gate.name,
        lost=copy.device.revoked_at is not None,
    )


# --- By the clock

# As long as an entry that was refused may be asked about.
CARD_LIFE = timedelta(days=30)
# A gate hears within seconds; whoever mistyped a PIN comes back within the day.
PIN_LIFE = timedelta(days=1)
REFUSED_LIFE = timedelta(days=30)
CODE_LIFE = timedelta(days=30)
SILENCES = timedelta(days=400)
VISIT_LIFE = timedelta(days=30)
# Longer than tombstones live, which still name it.
WAY_LIFE = timedelta(days=430)


def _give_up(claimed: list[Any], at: datetime) -> int:
    for overdue in Enrolment.objects.filter(pk__in=claimed).select_related("standing", "photo_standing"):
        enrolment.give_up(enrolment=overdue, at=at)
    return len(claimed)


def _forget_secrets(claimed: list[Any], at: datetime) -> int:
    """Nothing opens by them any more, and nobody is told by them who it was."""
    ended = Credential.objects.filter(pk__in=claimed, ended_at__isnull=False)
    return ended.update(digest=None, number=None, verifier=None)


def _ended_ways() -> Rows:
    """Those that nothing names any more: no gate's tombstone, no copy, no enrolment, no visit."""
    named = [
        Exists(model._default_manager.filter(credential=OuterRef("pk")))
        for model in (FeedRow, SealedCopy, Template, Enrolment, Pass, TapRequest)
    ]
    found = Credential.objects.filter(ended_at__isnull=False, digest=None, verifier=None)
    for each in named:
        found = found.filter(~each)
    return found


def _claim_tombstones(due: Rows, limit: int) -> list[Any]:
    """The gate first, as whoever changes a gate does. One that is being changed at this moment waits for the next sweep."""
    gates = [row["gate"] for row in due.values("gate")[:limit]]
    free = Gate.objects.filter(pk__in=set(gates)).order_by("pk")
    held = [gate.pk for gate in free.select_for_update(skip_locked=True, no_key=True).only("pk")]
    rows = due.filter(gate__in=held).select_for_update(skip_locked=True, no_key=True, of=("self",))
    return [row.pk for row in rows.only("pk")[:limit]]


RULES: Sequence[Rule] = (
    Rule(
        code="access.entry_events",
        what=_("That a gate opened or stayed shut"),
        why=_(
            "So that you can see your own entries, and to find out what happened after a theft or an accident."
        ),
        life=ByNeighborhood("entry_event_days"),
        since=_("after the gate reported it"),
        end=End.DELETE,
        covers=("access.EntryEvent",),
        rows=EntryEvent.objects.all,
        clock="received_at",
        forget=deleted(EntryEvent),
        at_once=True,
        batch=50_000,
        holdable=Holdable(scope="entries", of=holding.events_of),
    ),
    Rule(
        code="access.photos",
        what=_("The two photos that face data is made from"),
        why=_("To make the numbers that a gate compares. Then they are deleted; most live for seconds."),
        life=enrolment.PHOTO_LIFE,
        since=_("after they were taken or sent, whatever happens"),
        end=End.DELETE,
        covers=("access.Enrolment.photo",),
        rows=Enrolment.objects.unfinished,
        clock="created_at",
        forget=_give_up,
        batch=20,
        grace=timedelta(minutes=10),
    ),
    Rule(
        code="access.enrolments_refused",
        what=_("That photos were not accepted, and why"),
        why=_("So that you can read what to do better."),
        life=REFUSED_LIFE,
        since=_("after they were looked at"),
        end=End.DELETE,
        covers=("access.Enrolment",),
        rows=lambda: Enrolment.objects.filter(state=Enrolment.State.REFUSED),
        clock="finished_at",
        forget=deleted(Enrolment),
    ),
    Rule(
        code="access.card_numbers",
        what=_("The scrambled form of the number of a card that has ended"),
        why=_("So that the office can say why a card was refused."),
        life=CARD_LIFE,
        since=_("after the card ended"),
        end=End.ANONYMISE,
        covers=("access.Credential.digest",),
        rows=lambda: Credential.objects.filter(digest__isnull=False, ended_at__isnull=False),
        clock="ended_at",
        forget=_forget_secrets,
    ),
    Rule(
        code="access.pins",
        what=_("The scrambled form of a PIN that has ended, and its keypad number"),
        why=_("So that the gates can be told that it opens nothing any more."),
        life=PIN_LIFE,
        since=_("after the PIN or the pass ended"),
        end=End.ANONYMISE,
        covers=("access.Credential.verifier", "access.Credential.number"),
        rows=lambda: Credential.objects.filter(verifier__isnull=False, ended_at__isnull=False),
        clock="ended_at",
        forget=_forget_secrets,
    ),
    Rule(
        code="access.tombstones",
        what=_("That a gate was told to forget a way in"),
        why=_("So that a gate that was without network for long still hears of it."),
        life=Setting("GATE_TOMBSTONE_DAYS"),
        since=_("after it was to be forgotten; longer while a gate has still to confirm"),
        end=End.DELETE,
        covers=("access.FeedRow",),
        rows=feed.tombstones,
        clock="changed_at",
        claim=_claim_tombstones,
        forget=feed.compact,
        grace=timedelta(days=2),
    ),
    Rule(
        code="access.ended_ways",
        what=_("That you once had a card, a PIN, a QR code or face data that has ended"),
        why=_("So that you and the office can see what opened gates and until when."),
        life=WAY_LIFE,
        since=_("after it ended"),
        end=End.DELETE,
        covers=("access.Credential",),
        rows=_ended_ways,
        clock="ended_at",
        forget=deleted(Credential),
        grace=timedelta(days=2),
        holdable=Holdable(scope="ways", of=holding.plain_ways_of, copies=holding.without_secrets),
    ),
    Rule(
        code="access.visits",
        what=_("That you had a visitor: when and by which gates, and never who"),
        why=_("So that you can see the visits that were let in under your name."),
        life=VISIT_LIFE,
        since=_("after the pass ended; what you wrote on it goes with the pass itself"),
        end=End.DELETE,
        covers=("access.Pass", "access.PassGate"),
        rows=lambda: Pass.objects.filter(credential__ended_at__isnull=False),
        clock="credential__ended_at",
        forget=deleted(Pass),
        holdable=Holdable(scope="ways", of=of_person("credential__resident")),
    ),
    Rule(
        code="access.taps",
        what=_("That your card was added by holding it to a gate, and who of the staff asked for that"),
        why=_("So that you can see who added a card in your name."),
        life=tapping.KEPT,
        since=_("after the card was shown, or the time to show it was over"),
        end=End.DELETE,
        covers=("access.TapRequest",),
        rows=lambda: TapRequest.objects.filter(closed_at__isnull=False),
        clock="closed_at",
        forget=deleted(TapRequest),
    ),
    Rule(
        code="access.unknown_cards",
        what=_("The scrambled number of a card that a gate did not know, and how often it was shown"),
        why=_("So that cards from before the system can be found and given to their holders."),
        life=beside.KEPT,
        since=_("after it was last shown"),
        end=End.DELETE,
        covers=("access.UnknownCard",),
        rows=UnknownCard.objects.all,
        clock="last_seen",
        forget=deleted(UnknownCard),
    ),
    Rule(
        code="access.pairing_codes",
        what=_("The one-time code with which a reader on a gate was set up, and who made it"),
        why=_("To find out who set up a reader."),
        life=CODE_LIFE,
        since=_("after the code ran out"),
        end=End.DELETE,
        covers=("access.PairingCode",),
        rows=PairingCode.objects.all,
        clock="expires_at",
        forget=deleted(PairingCode),
    ),
    Rule(
        code="access.silences",
        what=_("That a reader at a gate was not heard of, and until when"),
        why=_("To see which gates need a repair. It names nobody."),
        life=SILENCES,
        since=_("after it was heard of again"),
        end=End.DELETE,
        covers=("access.Silence",),
        rows=lambda: Silence.objects.filter(over_at__isnull=False),
        clock="over_at",
        forget=deleted(Silence),
    ),
)

KEPT: Sequence[Kept] = (
    Kept(
        what=_("Your cards, PIN and QR code, as long as they open gates"),
        why=_(
            "To let you in. Of a card’s number and of a PIN only a scrambled form is kept, of a QR code nothing."
        ),
        until=_("Until you give them back, lose them, stop them or move out."),
        covers=("access.Rule", "access.FeedCounter"),
    ),
    Kept(
        what=_("Face data made from your photo"),
        why=_(
            "To let you in by face, if you chose that. The gates keep it; the server only until they have it."
        ),
        until=_(
            "Until you stop it, or the time you agreed to is over; then each gate confirms that it is gone."
        ),
        covers=("access.Template", "access.SealedCopy"),
    ),
    Kept(
        what=_("Gates, the readers on them, and the signs beside those"),
        why=_("They are things, and of nobody."),
        until=_("As long as the neighborhood has them, and in the record of what was deleted there."),
        covers=(
            "access.Gate",
            "access.Device",
            "access.DeviceState",
            "access.CardFormat",
            "access.FaceModelUse",
            "access.Sign",
        ),
    ),
    Kept(
        what=_(
            "What gates opened by, what was changed about it and who of the staff planned and announced that"
        ),
        why=_("So that anybody can see later that a change was announced and that nobody was moved by it."),
        until=_("As long as the neighborhood has the gate. No resident is named in it."),
        covers=("access.MethodChange",),
    ),
    Kept(
        what=_(
            "That the staff opened gates in an emergency or from afar, locked down, or entered special days, and who of"
            " them did"
        ),
        why=_("So that anybody can see later who opened and shut what, and that two people locked down."),
        until=_("As long as the neighborhood has the gate. No resident is named in it."),
        covers=(
            "access.EmergencyOpening",
            "access.Lockdown",
            "access.RemoteOpening",
            "access.SpecialDay",
        ),
    ),
)
