"""The paper route (law 5): who has no phone, or wants none, decides with a pen, at home, and no clerk decides for them.

The card comes first: nobody is handed a form who could not get in without it. A no counts at once. A yes went home for a night
at least, is photographed, is read by a second clerk who does not know what the first one read, and counts three days later.
Until then one word of the resident stops it. The triggers of the migrations hold each step, whoever writes the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from consent import deciding, enabling, guarding, telling, voices, withdrawal
from consent.deciding import FormChanged, GuardiansDisagree, LivesNotHere, NeedsFirst, NoGuardian, TooYoung
from consent.decisions import one_at_a_time
from consent.enabling import NotEnabled
from consent.models import SERVES, Decision, Form, Notice, Paper, Purpose, Standing
from consent.scans import Scan, picture
from consent.stopping import stop
from ledger.record import record
from residents import ages, deskwork, effects, moving
from residents.ages import today_in
from residents.models import DeskAct, Guardianship, Neighborhood, Occupancy, Resident, User
from residents.one_person import is_one_person
from residents.scope import may

Act, KnownBy, Answer, Stopped = DeskAct.Act, DeskAct.KnownBy, Paper.Answer, Paper.Stopped

# The right by which papers are handed out and taken in, and the one by which somebody else reads them.
CLERK, SECOND = "manage_register", "view_register"
# Why what was signed does not count when its time has come.
REFUSED = (LivesNotHere, TooYoung, NoGuardian, GuardiansDisagree, NotEnabled)


class PaperRefused(Exception):
    """Nothing was written. `reason` is one of: card_first, guardian, language, own, interest, same_clerk, on_its_way, same_day,
    over, not_now, not_offered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reading(StrEnum):
    """What a second clerk sees on the sheet."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@transaction.atomic
def hand_out(
    *,
    resident: Resident,
    form: Form,
    language: str,
    known_by: DeskAct.KnownBy,
    by: User,
    at: datetime,
    guardianship: Guardianship | None = None,
) -> Paper:
    """A form to take home. One that is at home already is replaced by it.

    Raises: PaperRefused, FormChanged, LivesNotHere, NoGuardian, PermissionDenied
    """
    resident = one_at_a_time(resident)
    if resident.left_at is not None:
        raise LivesNotHere
    if form.pk != getattr(deciding.form_in_force(resident, Purpose(form.purpose)), "pk", None):
        raise FormChanged
    _insist_on_a_signer(resident, guardianship, at)
    _insist_on_somebody_else(by, resident, guardianship)
    if not form.texts.filter(language=language).exists():
        raise PaperRefused("language")
    # Whoever said yes can always stop it, on this very form.
    if not Standing.objects.of(resident, form.purpose).exists():
        if not effects.call("has_way_in", resident=resident):
            raise PaperRefused("card_first")
        _insist_on_enabling(resident, form, at)
    before = Paper.objects.open().filter(
        resident=resident, form__purpose=form.purpose, guardianship=guardianship
    )
    if before.filter(received_at__isnull=False).exists():
        raise PaperRefused("on_its_way")
    for lost in before:
        stop(paper=lost, because=Stopped.LAPSED, at=at)
    _note(resident, Act.PAPER_GIVEN, known_by, by, CLERK, at)
    paper = Paper.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        form=form,
        language=language,
        guardianship=guardianship,
        handed_out_at=at,
        handed_out_by=by,
    )
    _record("handed_out", paper, by)
    return _fresh(paper)


@transaction.atomic
def receive_no(*, paper: Paper, known_by: DeskAct.KnownBy, by: User, at: datetime) -> Paper:
    """It came back with a no, which counts at once; where a yes stands, it is stopped and deleted.

    Raises: PaperRefused, PermissionDenied
    """
    paper = _held(paper)
    _insist_on_somebody_else(by, paper.resident, paper.guardianship)
    _insist_it_is_at_home(paper)
    _note(paper.resident, Act.PAPER_TAKEN, known_by, by, CLERK, at)
    Paper.objects.filter(pk=paper.pk).update(answer=Answer.NO, received_at=at, received_by=by)
    paper = _fresh(paper)
    _record("received", paper, by)
    try:
        with transaction.atomic():
            deciding.refuse(
                resident=paper.resident,
                purpose=Purpose(paper.form.purpose),
                form=paper.form,
                voice=voices.on_paper(paper),
                at=at,
            )
    except (FormChanged, NoGuardian) as why:
        # Nothing stands that it could stop, and to what is asked now nobody has said anything.
        stop(paper=paper, because=Stopped.FORM if isinstance(why, FormChanged) else Stopped.NOT_NOW, at=at)
    return paper


def receive_yes(*, paper: Paper, picture: bytes, known_by: DeskAct.KnownBy, by: User, at: datetime) -> Paper:
    """It came back with a yes. The picture is looked at, sealed, and waits for a second clerk; nothing stands yet.

    Raises: PaperRefused, scans.PictureRefused, FormChanged, PermissionDenied
    """
    _insist_on_a_yes_in_time(paper, by, at)
    scan = Scan(paper=paper, picture=picture)
    with transaction.atomic():
        paper = _held(paper)
        _insist_on_a_yes_in_time(paper, by, at)
        _note(paper.resident, Act.PAPER_TAKEN, known_by, by, CLERK, at)
        Paper.objects.filter(pk=paper.pk).update(
            answer=Answer.YES, received_at=at, received_by=by, scan_hash=scan.hash
        )
        scan.write(paper, at)
        paper = _fresh(paper)
        _record("received", paper, by)
        telling.of_paper(paper=paper, kind=Notice.Kind.PAPER_YES, at=at)
    return paper


@transaction.atomic
def read(*, paper: Paper, reading: Reading, by: User, at: datetime) -> Paper:
    """A second clerk says what the picture says. Anything but the same yes, and the paper counts for nothing.

    Raises: PaperRefused, PermissionDenied
    """
    paper = _held(paper)
    insist_may_second(paper, by, at)
    _note(paper.resident, Act.PAPER_READ, KnownBy.PAPER, by, SECOND, at)
    if reading == Reading.YES:
        Paper.objects.filter(pk=paper.pk).update(confirmed_at=at, confirmed_by=by)
        _record("confirmed", paper, by)
    else:
        stop(paper=paper, because=Stopped.UNREADABLE, at=at)
    return _fresh(paper)


def shown(*, paper: Paper, by: User, at: datetime) -> bytes:
    """The picture, for whoever may read it as a second clerk.

    Raises: PaperRefused, PermissionDenied
    """
    insist_may_second(paper, by, at)
    return picture(paper.scan)


def insist_may_second(paper: Paper, by: User, at: datetime) -> None:
    """Raises: PaperRefused, PermissionDenied"""
    _insist(by, paper.neighborhood, SECOND, at)
    if not Paper.objects.to_second().filter(pk=paper.pk).exists():
        raise PaperRefused("not_now")
    if is_one_person(paper.received_by_id, by.pk):
        raise PaperRefused("same_clerk")
    _insist_on_no_interest(by, paper, at)


@transaction.atomic
def stop_at_desk(*, paper: Paper, known_by: DeskAct.KnownBy, by: User, at: datetime) -> Paper:
    """They came or rang, and want it stopped. Nothing is asked but who they are.

    Raises: PaperRefused, PermissionDenied
    """
    paper = _held(paper)
    _insist(by, paper.neighborhood, CLERK, at)
    if not stop(paper=paper, because=Stopped.RESIDENT, at=at):
        raise PaperRefused("over")
    _note(paper.resident, Act.PAPER_STOPPED, known_by, by, CLERK, at)
    return _fresh(paper)


@transaction.atomic
def stop_in_portal(*, paper: Paper, by: User, language: str, at: datetime) -> Paper:
    """One press of the resident, or of the guardian who signed. If it has begun to count in this very moment, what they wanted is
    done all the same: it is withdrawn.

    Raises: NoGuardian, PermissionDenied
    """
    paper = _held(paper)
    if paper.signer.user_id != by.pk:
        raise PermissionDenied
    if paper.guardianship:
        guarding.insist(paper.guardianship, paper.resident, at)
    if stop(paper=paper, because=Stopped.RESIDENT, at=at):
        return _fresh(paper)
    counted = Decision.objects.filter(paper=paper, kind=Decision.Kind.GIVEN).first()
    if counted is None:
        return _fresh(paper)
    # Its own, or the one of another guardian beside which it counts; none that was given since.
    standing = Standing.objects.filter(
        resident=paper.resident, purpose=counted.purpose, decision__at__lte=counted.at
    ).first()
    if standing:
        voice = voices.whoever_signed(by, paper, language)
        withdrawal.withdraw(resident=paper.resident, purpose=Purpose(standing.purpose), voice=voice, at=at)
    return _fresh(paper)


@transaction.atomic
def take_effect(*, paper: UUID, at: datetime) -> Standing | None:
    """Three days have passed: everything is asked once more, and the yes counts or the paper is stopped. Once, whoever asks.

    None if it does not count, or not now.
    """
    found = _held(Paper.objects.get(pk=paper))
    if not Paper.objects.due(at).filter(pk=found.pk).exists():
        return None
    try:
        with transaction.atomic():
            standing = deciding.give(
                resident=found.resident,
                purpose=Purpose(found.form.purpose),
                form=found.form,
                voice=voices.on_paper(found),
                at=at,
            )
    except FormChanged:
        stop(paper=found, because=Stopped.FORM, at=at)
        return None
    except NeedsFirst as needs:
        # Signed together with what it serves, and read before it: it waits for the other.
        first = Paper.objects.under_way().filter(resident=found.resident, form__purpose=needs.purpose)
        if not first.exists():
            stop(paper=found, because=Stopped.NOT_NOW, at=at)
        return None
    except REFUSED:
        stop(paper=found, because=Stopped.NOT_NOW, at=at)
        return None
    if standing.decision.paper_id != found.pk:  # they had said it in person, before they signed
        stop(paper=found, because=Stopped.DECIDED, at=at)
        return None
    return standing


@transaction.atomic
def lapse(*, paper: UUID, at: datetime) -> bool:
    """It never came back, or nobody read it in time."""
    found = _held(Paper.objects.get(pk=paper))
    if not Paper.objects.overdue(at).filter(pk=found.pk).exists():
        return False
    return stop(paper=found, because=Stopped.LAPSED, at=at)


def due(*, at: datetime) -> Sequence[UUID]:
    """To count now. What only serves another comes after it."""
    rows = Paper.objects.due(at).order_by("confirmed_at", "pk").values_list("form__purpose", "pk")
    return [pk for purpose, pk in sorted(rows, key=lambda row: row[0] in SERVES)]


def next_to_read(*, neighborhood: Neighborhood, by: User, at: datetime) -> Paper | None:
    """The one that has waited longest, of those that this clerk may read."""
    waiting = Paper.objects.to_second().filter(neighborhood=neighborhood).exclude(received_by=by)
    for paper in waiting.select_related("resident", "guardianship__guardian").order_by("received_at", "pk"):
        if not _has_an_interest(by, paper, at):
            return paper
    return None


def by_number(number: str, *, neighborhood: Neighborhood) -> Paper | None:
    """By what stands on the sheet, with or without its dash; None where it names none, or more than one."""
    plain = number.replace("-", "").replace(" ", "").lower()
    if len(plain) != 8 or not set(plain) <= set("0123456789abcdef"):
        return None
    first, last = UUID(plain + "0" * 24), UUID(plain + "f" * 24)
    found = Paper.objects.filter(neighborhood=neighborhood, pk__range=(first, last))[:2]
    return found[0] if len(found) == 1 else None


def _held(paper: Paper) -> Paper:
    """The person first, as in every act about a consent; then this paper as it is now."""
    one_at_a_time(paper.resident)
    return _fresh(paper)


def _fresh(paper: Paper) -> Paper:
    """What is read back is what the database wrote: its clock, not ours."""
    return Paper.objects.select_related(
        "neighborhood", "form", "resident__neighborhood", "guardianship__guardian", "handed_out_by"
    ).get(pk=paper.pk)


def _insist(by: User, neighborhood: Neighborhood, perm: str, at: datetime) -> None:
    if not may(by, perm, neighborhood, at):
        raise PermissionDenied


def _insist_on_enabling(resident: Resident, form: Form, at: datetime) -> None:
    """Nobody is asked on paper for what is not offered here."""
    minors = ages.is_guarded(resident, at)
    try:
        enabling.insist(
            neighborhood=resident.neighborhood, purpose=Purpose(form.purpose), at=at, for_minors=minors
        )
    except NotEnabled:
        raise PaperRefused("not_offered") from None


def _insist_on_a_signer(resident: Resident, guardianship: Guardianship | None, at: datetime) -> None:
    """Under fourteen a guardian signs, from fourteen on nobody else does."""
    child = ages.is_under(resident, ages.GUARDED, today_in(resident.neighborhood, at))
    if child != (guardianship is not None):
        raise PaperRefused("guardian")
    if guardianship:
        guarding.insist(guardianship, resident, at)


def _insist_on_somebody_else(by: User, resident: Resident, guardianship: Guardianship | None) -> None:
    """Nobody hands a form to themselves, or takes their own in."""
    if by.pk == resident.user_id or (guardianship and by.pk == guardianship.guardian.user_id):
        raise PaperRefused("own")


def _insist_it_is_at_home(paper: Paper) -> None:
    if paper.stopped_at is not None:
        raise PaperRefused("over")
    if paper.received_at is not None:
        raise PaperRefused("not_now")


def _insist_on_a_yes_in_time(paper: Paper, by: User, at: datetime) -> None:
    """Raises: PaperRefused, FormChanged, PermissionDenied"""
    _insist(by, paper.neighborhood, CLERK, at)
    _insist_on_somebody_else(by, paper.resident, paper.guardianship)
    _insist_on_no_interest(by, paper, at)
    _insist_it_is_at_home(paper)
    if today_in(paper.neighborhood, at) <= today_in(paper.neighborhood, paper.handed_out_at):
        raise PaperRefused("same_day")
    if paper.form.state != Form.State.PUBLISHED:
        raise FormChanged


def _insist_on_no_interest(by: User, paper: Paper, at: datetime) -> None:
    if _has_an_interest(by, paper, at):
        raise PaperRefused("interest")


def _has_an_interest(by: User, paper: Paper, at: datetime) -> bool:
    """Their own, of their child, or of somebody in a dwelling that they own or live in."""
    if by.pk in (paper.resident.user_id, paper.signer.user_id):
        return True
    today = today_in(paper.neighborhood, at)
    homes = Occupancy.objects.current(today).filter(resident=paper.resident)
    return any(moving.has_an_interest(by, home, today) for home in homes)


def _note(
    resident: Resident, act: DeskAct.Act, known_by: DeskAct.KnownBy, by: User, perm: str, at: datetime
) -> None:
    deskwork.note(resident=resident, act=act, known_by=known_by, by=by, perm=perm, at=at)


def _record(what: str, paper: Paper, by: User) -> None:
    """One kind for every step, as for decisions: nobody can ask the ledger whose paper said no."""
    record(
        kind="consent.paper",
        subject=paper.resident_id,
        neighborhood=paper.neighborhood_id,
        payload={
            "what": what,
            "paper": paper.pk,
            "form": paper.form_id,
            "by": by.pk,
            "scan": bytes(paper.scan_hash).hex() if paper.scan_hash else None,
        },
    )
