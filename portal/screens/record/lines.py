"""Each thing in the record, as the person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import Credential, EntryEvent, Pass, TapRequest
from consent.models import Decision, Notice
from portal.screens import entry_words, offices, told
from portal.screens.purposes import WORDS
from portal.screens.ways import listed
from residents.models import DeskAct, Emergency, Letter, LookUp, Message, User, Wish
from sharing import recalls
from sharing.models import Answer, DisclosedRow, Field, LeakTold

# A gate that was without network tells later; below this nobody need be told so.
LATE = timedelta(minutes=10)
EXACTLY = gettext_lazy("Exactly what is written in it")


@dataclass(frozen=True)
class Link:
    url: str
    words: str | Promise


@dataclass(frozen=True, kw_only=True)
class Line:
    icon: str
    at: datetime
    head: str
    notes: Sequence[str] = ()
    links: Sequence[Link] = ()


def look_up(look: LookUp) -> Line:
    notes = [str(look.get_what_display()), _("Reason given: %(reason)s") % {"reason": look.reason}]
    if look.approval:  # of somebody under eighteen: who let them
        who = offices.in_words(look.approval.answered_capacity)
        notes.append(_("Approved beforehand by: %(who)s") % {"who": who})
    if look.emergency:
        notes += _emergency(look.emergency)
    return Line(
        icon="alert" if look.emergency else "eye",
        at=look.at,
        head=offices.in_words(look.capacity),
        notes=notes,
    )


def _emergency(emergency: Emergency) -> list[str]:
    """That nobody was asked before, and what somebody else found since."""
    told = _("Opened by one person alone, because a life was in danger. Told or called: %(told)s")
    found = emergency.looked_at
    if found is None:
        return [told % {"told": emergency.told}, _("Somebody else has to look at it within three days.")]
    who = offices.in_words(found.capacity)
    said = (
        _("%(who)s looked at it afterwards: it was needed. %(words)s")
        if found.needed
        else _("%(who)s looked at it afterwards: it was not needed. %(words)s")
    )
    return [told % {"told": emergency.told}, said % {"who": who, "words": found.words}]


def ordered(row: DisclosedRow) -> Line:
    """By an order of law: there is nothing to stop."""
    asked, at, handed_at = row.copy.disclosure.request, row.copy.ready_at, row.copy.handed_at
    order = row.order
    assert at is not None  # what is not ready is in nobody's record
    assert order is not None
    late = _("Until %(day)s a law forbade telling of it: %(law)s")
    return Line(
        icon="send",
        at=at,
        head=str(asked.recipient.name),
        notes=[
            _("By an order of law; nobody’s yes was asked: %(law)s") % {"law": order.legal_basis},
            _("Given: %(fields)s") % {"fields": fields(row.fields)},
            _("What for: %(purpose)s") % {"purpose": asked.what_for},
            _("Fetched, %(at)s") % {"at": _moment(handed_at)} if handed_at else _("It waits to be fetched."),
            *([late % {"day": _day(order.tell_on), "law": order.forbidden_by}] if order.tell_on else []),
        ],
        links=[Link(reverse("sharing", args=[asked.pk]), EXACTLY)],
    )


def disclosed(row: DisclosedRow) -> Line:
    if row.order_id is not None:
        return ordered(row)
    asked, at, handed_at = row.copy.disclosure.request, row.copy.ready_at, row.copy.handed_at
    assert at is not None  # what is not ready is in nobody's record
    fetched = (
        _("Fetched, %(at)s") % {"at": _moment(handed_at)}
        if handed_at
        else _("It waits to be fetched. You can still stop it: say no.")
    )
    return Line(
        icon="send",
        at=at,
        head=str(asked.recipient.name),
        notes=[
            _("Given: %(fields)s") % {"fields": fields(row.fields)},
            _("What for: %(purpose)s") % {"purpose": asked.what_for},
            fetched,
            *_asked_back(row),
        ],
        links=[Link(reverse("sharing", args=[asked.pk]), EXACTLY)],
    )


def _asked_back(row: DisclosedRow) -> list[str]:
    """Whether they were asked to delete it, and what they said: by its date, whoever reads it sees how late they are."""
    if not hasattr(row, "recalled"):
        return []
    recall = row.recalled.recall
    days = {"day": _day(recall.opened_at), "until": _day(recall.due_at)}
    if recalls.is_confirmed(recall):
        days["until"] = _day(recall.confirmation.at)
        return [
            _("Asked on %(day)s to delete it. On %(until)s they signed that they have, and keep no copy.")
            % days
        ]
    return [_("Asked on %(day)s to delete it, by %(until)s. They have not answered so far.") % days]


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT")


def handed(message: Message) -> Line:
    """A number or an address went to whoever carries messages."""
    assert message.handed_at is not None  # else nobody was given anything
    given = _("your phone number") if message.way == Wish.Way.SMS else _("your e-mail address")
    what_for = (
        _("to send you the code that you asked for")
        if message.what == Message.What.CODE
        else _("to tell you that something waits, as you chose")
    )
    return Line(
        icon="send",
        at=message.handed_at,
        head=message.operator,
        notes=[
            _("Given: %(fields)s") % {"fields": given},
            _("What for: %(purpose)s") % {"purpose": what_for},
        ],
    )


def slip(message: Message) -> Line:
    assert message.over_at is not None  # else it is not printed
    return Line(
        icon="file",
        at=message.over_at,
        head=_("A slip with your name and dwelling, saying that something waits"),
        notes=[_("Printed at the property office, as was chosen")],
    )


def decision(decided: Decision) -> Line:
    by_itself = {
        Decision.Kind.EXPIRED: _("By itself: the time you had agreed to was over"),
        Decision.Kind.SUPERSEDED: _("By itself: the form changed"),
        Decision.Kind.ENDED: _("By itself: you do not live here any more"),
        Decision.Kind.UNHELD: _("By itself: no guardian who had agreed decides any more"),
    }
    return Line(
        icon="check" if decided.kind == Decision.Kind.GIVEN else "cross",
        at=decided.at,
        head=_("%(what)s: %(answer)s")
        % {"what": WORDS[decided.purpose].title, "answer": decided.get_kind_display()},
        notes=[by_itself.get(Decision.Kind(decided.kind), "") or spoken(decided)],
        links=[
            Link(reverse("signed_form", args=[decided.form_id]), _("The form as it was signed")),
            Link(reverse("my_slip", args=[decided.pk]), _("My slip")),
        ],
    )


def answer(said: Answer) -> Line:
    return Line(
        icon="check" if said.yes else "cross",
        at=said.at,
        head=_("Giving your %(fields)s to %(recipient)s: %(answer)s")
        % {
            "fields": fields(said.fields or said.request.fields),
            "recipient": said.request.recipient.name,
            "answer": Decision.Kind.GIVEN.label if said.yes else Decision.Kind.REFUSED.label,
        },
        notes=[
            _("A guardian, on this website") if said.guardianship_id else _("You, on this website"),
            *(
                [_("Also yes to it going abroad: %(country)s") % {"country": said.request.recipient.place}]
                * said.abroad
            ),
        ],
        links=[Link(reverse("sharing", args=[said.request_id]), _("What was asked, and your answer"))],
    )


def desk_act(done: DeskAct) -> Line:
    return Line(
        icon="key",
        at=done.at,
        head=str(done.get_act_display()),
        notes=[
            _("By: %(who)s. How they say they knew you: %(how)s.")
            % {"who": offices.in_words(done.capacity), "how": done.get_known_by_display()}
        ],
    )


def letter(written: Letter) -> Line:
    who = offices.in_words(written.capacity) if written.capacity else _("The system itself")
    notes = [_("Printed by: %(who)s") % {"who": who}]
    if written.used_at:
        notes.append(_("Its code was used, %(at)s") % {"at": _moment(written.used_at)})
    elif written.replaced_at:
        notes.append(
            _("Made worthless, or replaced by a newer one, %(at)s") % {"at": _moment(written.replaced_at)}
        )
    return Line(icon="file", at=written.made_at, head=_made(written), notes=notes)


def tap(awaited: TapRequest) -> Line:
    outcome = awaited.get_outcome_display() if awaited.outcome else _("still waiting")
    return Line(
        icon="gate",
        at=awaited.made_at,
        head=_("Staff waited at %(gate)s for a card for you: %(outcome)s")
        % {"gate": awaited.gate.display_name, "outcome": outcome},
        notes=[offices.in_words(awaited.capacity)],
    )


def way_began(way: Credential) -> Line:
    return Line(
        icon=_icon(way),
        at=way.created_at,
        head=_("%(way)s was added") % {"way": capfirst(way.get_kind_display())},
        notes=[_("lent")] if way.temporary else [],
    )


def way_ended(way: Credential) -> Line:
    assert way.ended_at is not None
    why = way.get_ended_because_display() or _("no reason was written down")
    return Line(
        icon=_icon(way),
        at=way.ended_at,
        head=_("%(way)s ended: %(why)s") % {"way": capfirst(way.get_kind_display()), "why": why},
    )


def visit(made: Pass) -> Line:
    until = _("Made at the desk, until %(at)s") % {"at": _moment(made.valid_until)}
    return Line(
        icon="people",
        at=made.made_at,
        head=_("One trip") if made.once else _("Visit"),
        notes=[until, _("Ended")] if made.credential.ended_at else [until],
    )


def notice(said: Notice) -> Line:
    shown = told.shown(said)
    return Line(
        icon="info",
        at=said.at,
        head=shown["title"],
        notes=[shown["text"]],
        links=[Link(shown["url"], shown["action"])],
    )


def leak_told(said: LeakTold) -> Line:
    """Word for word, each part under its name; of a child, which."""
    notice = said.notice
    parts = [
        (_("Which information: %(words)s"), notice.categories),
        (_("How it happened: %(words)s"), notice.cause),
        (_("What harm it may do: %(words)s"), notice.harm),
        (_("What was done about it: %(words)s"), notice.remedies),
        (_("What you can do yourself: %(words)s"), notice.own_steps),
        (_("Whom to ask: %(words)s"), notice.contact),
    ]
    head = (
        _("Information about you got out, or may have")
        if said.about_id == said.reader_id
        else _("Information about your child got out, or may have: %(name)s")
        % {"name": said.about.name or "—"}
    )
    return Line(
        icon="alert",
        at=said.at,
        head=head,
        notes=[
            *(words % {"words": said_of_it} for words, said_of_it in parts),
            *([_("Printed for you on paper")] if said.way == LeakTold.Way.PAPER else []),
        ],
    )


def entry(event: EntryEvent) -> Line:
    words = entry_words.of(event)
    notes = [_("By: %(way)s") % {"way": words.way}]
    if words.reason:
        notes.append(capfirst(words.reason))
    if event.received_at - event.device_time > LATE:
        notes.append(_("The gate told of it later, %(at)s") % {"at": _moment(event.received_at)})
    return Line(
        icon="gate" if words.opened else "cross",
        at=event.device_time,
        head=_("%(what)s: %(answer)s") % {"what": event.gate.display_name, "answer": words.outcome},
        notes=notes,
    )


def fields(names: Iterable[str]) -> str:
    asked = set(names)
    return listed(str(field.label) for field in Field if field in asked)


def spoken(decided: Decision) -> str:
    """Who said it, and by which route, to the person it is about."""
    if decided.route == Decision.Route.CLOCK:
        return _("By itself")
    on_paper = decided.route == Decision.Route.PAPER
    if decided.guardianship is not None:
        guardian = {"name": decided.guardianship.guardian.name}
        return (
            _("Your guardian, on paper: %(name)s") if on_paper else _("Your guardian: %(name)s")
        ) % guardian
    if decided.capacity == Decision.Capacity.HELPER and decided.actor is not None:
        return _("Written down by your helper: %(name)s") % {"name": named(decided.actor)}
    return _("You, on paper") if on_paper else _("You, on this website")


def named(user: User) -> str:
    """Whose account it is, as far as the register still knows. No query where `resident` was read with the account."""
    resident = getattr(user, "resident", None)
    return resident.name if resident and resident.erased_at is None else _("somebody who has left")


def _made(written: Letter) -> str:
    if written.goes == Letter.Goes.SLIP:
        return _("A slip %(purpose)s, handed over at the desk; %(how)s") % {
            "purpose": written.get_purpose_display(),
            "how": written.get_seen_display(),
        }
    return _("A letter with your name and dwelling, %(purpose)s") % {"purpose": written.get_purpose_display()}


def _icon(way: Credential) -> str:
    return "card" if way.kind == Credential.Kind.CARD else "pin"


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")
