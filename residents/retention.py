"""How long people's own things are kept: letters, accounts, messages, requests, what was owned and what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from ledger.models import Opening
from residents import archives, holds, letters, mail_addresses, one_time_codes, rights
from residents.importing import life as importing
from residents.keeping import (
    AsWritten,
    End,
    Holdable,
    Rows,
    Rule,
    Years,
    deleted,
    of_person,
)
from residents.kept import KEPT as KEPT
from residents.kept_of_keeping import OF_RECORDS
from residents.models import (
    Archive,
    ErasureCertificate,
    ErasureOrder,
    ErasurePlace,
    Hold,
    Import,
    MailAddress,
    Message,
    Ownership,
    Passkey,
    RequestWords,
    Resident,
    SecondStep,
    Wish,
)
from residents.models.signing_in import TOLD

# Three years: as long as a claim from the contract can still be brought (Civil Code 188).
OWNED_HERE = Years(3)
HISTORY = timedelta(days=3 * 365)
# A second reads it within the week, or it was not needed.
PROPOSED = timedelta(days=7)
# As long as what is given to others is on record (PIPL 56).
HANDED = timedelta(days=3 * 365)
ADULT = Years(18)


# As long as whoever decided for somebody may have to prove that they might: the same three years.
OPENINGS = timedelta(days=3 * 365)
# So is what was deleted; the database lets it go by its own clock only, and a day earlier at most (residents 0036).
CERTIFIED = timedelta(days=3 * 365)


def _of_the_erased(at: datetime) -> Q:
    """Details of acts about somebody who was erased so long ago."""
    erased = Resident.objects.filter(erased_at__lte=at - OPENINGS)
    return Q(entry__subject__in=erased.values("pk"))


def _ended_of_the_erased(at: datetime) -> Q:
    """Of somebody who was erased so long ago, and nobody waits for a place of it. The database asks its own clock."""
    waiting = ErasurePlace.objects.waited_for().filter(order=OuterRef("pk"))
    return Q(resident__erased_at__lte=at - CERTIFIED) & ~Q(Exists(waiting))


def _forget_orders(claimed: list[Any], at: datetime) -> int:
    """Certificates, then places, then the orders; the one certificate of all of them goes with the first."""
    people = ErasureOrder.objects.filter(pk__in=claimed).values("resident")
    ErasureCertificate.objects.filter(Q(order__in=claimed) | Q(order=None, resident__in=people)).delete()
    ErasurePlace.objects.filter(order__in=claimed).delete()
    gone, _each = ErasureOrder.objects.filter(pk__in=claimed).delete()
    return gone


def _openings(due: Rows, limit: int) -> list[Any]:
    """Unlocked: nobody may change an opening, so there is none to wait for, and no right to lock one. Of two sweeps that
    delete the same one, the second finds it gone."""
    return list(due.values_list("pk", flat=True)[:limit])


def _forget_births(claimed: list[Any], at: datetime) -> int:
    return Resident.objects.filter(pk__in=claimed).update(born=None)


def _forget_imports(claimed: list[Any], at: datetime) -> int:
    return sum(importing.forget(imported=pk, at=at) for pk in claimed)


def _forget_addresses(claimed: list[Any], at: datetime) -> int:
    found = list(MailAddress.objects.filter(pk__in=claimed))
    for each in found:
        mail_addresses.forget(each, at=at)
    return len(found)


RULES: Sequence[Rule] = (
    Rule(
        code="residents.birth_dates",
        what=_("A child’s date of birth"),
        why=_("To know who decides for a child, and from when they decide themselves."),
        life=ADULT,
        since=_("from the day of birth"),
        end=End.ANONYMISE,
        covers=("residents.Resident.born",),
        rows=lambda: Resident.objects.filter(born__isnull=False),
        clock="born",
        forget=_forget_births,
        grace=timedelta(days=2),
    ),
    Rule(
        code="residents.letters",
        what=_("That a letter with an opening code was written, for whom, and how it was delivered"),
        why=_(
            "So that you can see who had it printed, and the office whether it was used, ran out or was replaced."
        ),
        life=letters.KEPT,
        since=_("after the letter was used or replaced, or ran out"),
        end=End.DELETE,
        covers=("residents.Letter", "residents.LetterBatch"),
        rows=letters.ended,
        clock="ended",
        forget=lambda claimed, at: letters.drop(claimed, at=at),
    ),
    Rule(
        code="residents.unproven_addresses",
        what=_("A mail address that you gave and did not prove"),
        why=_(
            "So that the code that went there can be typed. One that is proven stays until you take it away."
        ),
        life=AsWritten(),
        since=_("an hour after it was given; taking it away deletes it at once"),
        end=End.DELETE,
        covers=("residents.MailAddress",),
        rows=lambda: MailAddress.objects.filter(proven_at=None),
        clock="code_until",
        forget=_forget_addresses,
    ),
    Rule(
        code="residents.messages",
        what=_(
            "That a message went to you by mail or as a text, and who was given your address or number for it"
        ),
        why=_("So that you can see who was given it, and when. What waited for you is not in it."),
        life=HANDED,
        since=_("after it was sent, or given up"),
        end=End.DELETE,
        covers=("residents.Message",),
        rows=lambda: Message.objects.sendable().filter(over_at__isnull=False),
        clock="over_at",
        forget=deleted(Message),
    ),
    Rule(
        code="residents.slips",
        what=_("That a slip was to be printed for your mailbox, and by whom it was"),
        why=_("So that it is printed once, and you can see who did."),
        life=letters.KEPT,
        since=_("after something began to wait for you"),
        end=End.DELETE,
        covers=("residents.Message",),
        rows=lambda: Message.objects.filter(way=Wish.Way.SLIP),
        clock="made_at",
        forget=deleted(Message),
    ),
    Rule(
        code="residents.second_steps_begun",
        what=_("A secret for one-time codes that was shown and never used"),
        why=_("So that you can type the first code."),
        life=one_time_codes.SETUP_LIFE,
        since=_("after it was shown"),
        end=End.DELETE,
        covers=("residents.SecondStep",),
        rows=lambda: SecondStep.objects.filter(confirmed_at=None),
        clock="begun_at",
        forget=lambda claimed, at: one_time_codes.drop(claimed),
    ),
    Rule(
        code="residents.second_steps",
        what=_("That one-time codes were switched off, and which recovery codes were used"),
        why=_("So that the first page can tell you, if it was not you. The secret itself goes at once."),
        life=TOLD,
        since=_("after they were switched off"),
        end=End.DELETE,
        covers=("residents.SecondStep", "residents.RecoveryCode"),
        rows=lambda: SecondStep.objects.filter(ended_at__isnull=False),
        clock="ended_at",
        forget=lambda claimed, at: one_time_codes.drop(claimed),
    ),
    Rule(
        code="residents.passkeys",
        what=_("That a passkey was removed, and the name you gave it"),
        why=_("So that the first page can tell you, if it was not you. The key itself goes at once."),
        life=TOLD,
        since=_("after it was removed"),
        end=End.DELETE,
        covers=("residents.Passkey",),
        rows=lambda: Passkey.objects.filter(removed_at__isnull=False),
        clock="removed_at",
        forget=deleted(Passkey),
    ),
    Rule(
        code="residents.imports",
        what=_("The lines of a list that was brought in, under a key of their own"),
        why=_("So that a line can be asked about; in the first days the whole list can be undone."),
        life=AsWritten(),
        since=_("seven days where nothing came of it, thirty days after it was brought in"),
        end=End.DELETE,
        covers=("residents.ImportRow",),
        rows=lambda: Import.objects.kept().exclude(state__in=Import.RUNNING),
        clock="forget_at",
        forget=_forget_imports,
        batch=1,
    ),
    Rule(
        code="residents.owned",
        what=_("That somebody owned a dwelling, once they have sold it"),
        why=_("For questions about that time: who could vote, who paid."),
        life=OWNED_HERE,
        since=_("after it was sold"),
        end=End.DELETE,
        covers=("residents.Ownership",),
        rows=lambda: Ownership.objects.filter(until__isnull=False),
        clock="until",
        forget=deleted(Ownership),
        grace=timedelta(days=2),
    ),
    Rule(
        code="residents.request_words",
        what=_("What you wrote when you asked about your data, and what you were answered"),
        why=_(
            "So that you can take an answer to those who supervise us, or to a court, and it can be looked at."
        ),
        life=rights.KEPT,
        since=_("after the answer, or with the rest when you are deleted"),
        end=End.DELETE,
        covers=("residents.RequestWords",),
        rows=lambda: RequestWords.objects.filter(request__closed_at__isnull=False),
        clock="request__closed_at",
        forget=deleted(RequestWords),
        # What was sealed under the person's own key dies with it, and is not copied.
        holdable=Holdable(
            scope="requests",
            of=lambda rows, people: of_person("request__resident")(rows.exclude(words=""), people),
        ),
    ),
    Rule(
        code="residents.archives",
        what=_("An archive of your data that you ordered, sealed"),
        why=_("So that you can fetch it. It goes as soon as you have, and nobody else is given it."),
        life=archives.LIFE,
        since=_("after you ordered it, or once you have fetched it"),
        end=End.DELETE,
        covers=("residents.Archive",),
        rows=lambda: Archive.objects.all(),
        clock="at",
        forget=deleted(Archive),
    ),
    Rule(
        code="residents.held",
        what=_("What is kept because a law wants it, sealed, though its time is over"),
        why=_("A legal hold asks for it. Nobody reads it meanwhile, and nothing of your face is ever in it."),
        life=AsWritten(),
        since=_(
            "the day that two of the staff have confirmed, ninety days ahead at most; you are told of it"
        ),
        end=End.DELETE,
        covers=("residents.HeldRow",),
        rows=lambda: Hold.objects.standing(),
        clock="held_until",
        forget=holds.expire,
        batch=20,
        grace=timedelta(hours=1),
    ),
    Rule(
        code="residents.hold_proposals",
        what=_("That one of the staff wanted to keep something by law, and no second confirmed it"),
        why=_("So that a second can read it."),
        life=PROPOSED,
        since=_("after it was proposed"),
        end=End.DELETE,
        covers=("residents.Hold",),
        rows=lambda: Hold.objects.filter(held_until=None),
        clock="proposed_at",
        forget=holds.lapse,
    ),
    Rule(
        code="residents.holds",
        what=_(
            "That something of yours was kept by law: why, on whose word, until when, and who was given it"
        ),
        why=_("So that it can be asked whether it was right. Once you are deleted it goes as the hold ends."),
        life=HANDED,
        since=_("after it ended"),
        end=End.DELETE,
        covers=("residents.Hold", "residents.HoldAct", "residents.HandOut"),
        rows=lambda: Hold.objects.filter(ended_at__isnull=False),
        clock="ended_at",
        forget=deleted(Hold),
    ),
    Rule(
        code="residents.openings",
        what=_("What each mark about you in the record that nobody can change was made from"),
        why=_(
            "So that what was done can be proved to you and to others. After that the mark stays, and says nothing."
            " Your own slip keeps what it says for as long as you keep it."
        ),
        life=OPENINGS,
        since=_("after you were deleted"),
        end=End.DELETE,
        covers=("ledger.Opening",),
        rows=Opening.objects.all,
        clock="entry__at",
        when=_of_the_erased,
        claim=_openings,
        forget=deleted(Opening),
    ),
    Rule(
        code="residents.deletions",
        what=_("What was deleted where, what was seen there afterwards, and the certificates of it"),
        why=_(
            "It is your proof that something is gone, and holds numbers that lead to nobody. A certificate that you saved"
            " can be checked for as long as you keep it."
        ),
        life=CERTIFIED,
        since=_("after you were deleted, and not while a place has still to answer"),
        end=End.DELETE,
        covers=("residents.ErasureOrder", "residents.ErasurePlace", "residents.ErasureCertificate"),
        rows=ErasureOrder.objects.all,
        clock="opened_at",
        when=_ended_of_the_erased,
        forget=_forget_orders,
        grace=timedelta(days=2),
    ),
    Rule(
        code="residents.sessions",
        what=_("That a browser is signed in"),
        why=_(
            "So that you need not sign in on each page. An account that has ended opens nothing meanwhile."
        ),
        life=AsWritten(),
        since=_("two weeks after signing in; signing out deletes it at once"),
        end=End.DELETE,
        covers=("sessions.Session",),
        rows=Session.objects.all,
        clock="expire_date",
        forget=deleted(Session),
    ),
    Rule(
        code="residents.desk_history",
        what=_("What staff changed at the desk: which row, which fields, never their content"),
        why=_("To find out who changed something, if a mistake or a misuse comes to light."),
        life=HISTORY,
        since=_("after the change"),
        end=End.DELETE,
        covers=("admin.LogEntry",),
        rows=LogEntry.objects.all,
        clock="action_time",
        forget=deleted(LogEntry),
    ),
    *OF_RECORDS,
)
