"""The first screen of the desk: six tasks, what is due today, and the way to the full lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from access import hearing, losing, plain_ways
from access.models import MethodChange
from consent.models import Paper
from portal.screens import account_news
from portal.screens.desk import handovers_due, orders_due, rights, seconding, serving, votes_due
from portal.screens.desk.entrance import StaffRequest, staff_only, today
from residents import alarms, approving, emergencies, slips, tracking
from residents.models import Death, Departure
from sharing import leaks

OUT_TOO_LONG = timedelta(days=7)


@dataclass(frozen=True)
class Task:
    """`key` is pressed for it; a task without `url` is not this reader's here."""

    key: int
    name: Promise
    words: Promise
    icon: str
    address: str
    perms: frozenset[str]


@dataclass(frozen=True)
class Due:
    icon: str
    words: str
    url: str = ""


TASKS = (
    Task(
        1,
        gettext_lazy("Find a person"),
        gettext_lazy("By dwelling, number, card or phone"),
        "people",
        "desk_find",
        frozenset({"view_register"}),
    ),
    Task(
        2,
        gettext_lazy("Lost card"),
        gettext_lazy("Block it, lend a way in"),
        "card",
        "desk_lost",
        frozenset({"view_register", "manage_access"}),
    ),
    Task(
        3,
        gettext_lazy("New resident"),
        gettext_lazy("On the register, with a card or PIN"),
        "key",
        "desk_new",
        frozenset({"manage_register", "manage_access"}),
    ),
    Task(
        4,
        gettext_lazy("Visitor"),
        gettext_lazy("A pass for a resident who asks"),
        "bell",
        "desk_visitor",
        frozenset({"view_register", "manage_access"}),
    ),
    Task(
        5,
        gettext_lazy("Gate will not open"),
        gettext_lazy("How the gate is, and why a card is refused"),
        "gate",
        "desk_gates",
        frozenset({"manage_access"}),
    ),
    Task(
        6,
        gettext_lazy("Paper form"),
        gettext_lazy("Yes or no on paper, and what can be printed"),
        "file",
        "desk_paper",
        frozenset({"view_register"}),
    ),
)


@require_safe
@staff_only()
def tasks(request: StaffRequest) -> HttpResponse:
    context = {
        "tasks": [
            {"task": task, "url": reverse(task.address) if task.perms <= request.rights else ""}
            for task in TASKS
            if request.rights - {"audit"}  # whoever only audits has none of them
        ],
        "due": due(request),
        "sees_incidents": _sees_incidents(request),
    }
    return render(request, "desk/tasks.html", context)


def due(request: StaffRequest) -> list[Due]:
    """Counts and gates, never a person. A constant number of queries."""
    here, at = request.neighborhood, request.at
    news, more = account_news.newest_of_each_kind(account=request.user.pk, at=at)
    found = [Due("key", each["title"], each["url"]) for each in news]
    if more:
        found.append(Due("key", account_news.more_of(more), reverse("my_codes")))
    if "manage_access" in request.rights:
        found += [_silent(each.gate.display_name) for each in hearing.of_all(here, at=at) if each.silent]
        out = losing.loans(here, at=at)
        if late := sum(loan.age > OUT_TOO_LONG for loan in out):
            words = ngettext(
                "%(count)s spare card or lent PIN has been out for more than 7 days.",
                "%(count)s spare cards or lent PINs have been out for more than 7 days.",
                late,
            )
            found.append(Due("card", words % {"count": late}))
        if back := sum(loan.asked_back for loan in out):
            words = ngettext(
                "%(count)s of those on loan has a card of their own again: ask for the spare back.",
                "%(count)s of those on loan have a card of their own again: ask for the spares back.",
                back,
            )
            found.append(Due("card", words % {"count": back}))
        if not here.practice:
            found += _changes(request) + [Due(*each) for each in orders_due.due(request)]
    if "view_register" in request.rights:
        found += _without_a_way(request) + _to_second(request)
    if "answer_service" in request.rights and not here.practice:
        found += _asked(request)
    if not here.practice and request.rights & {"audit", "view_register"}:
        found += _emergencies(request)
        found += _incidents(request)
    if "audit" in request.rights and not here.practice:
        found += _alarms(request)
    if "count_votes" in request.rights and not here.practice:
        found += [Due(*each) for each in votes_due.due(request)]
    # Of those who answer for a body, and not of a company's clerk.
    if "view_register" in request.rights and "look_up" not in request.rights and not here.practice:
        found += [Due(*each) for each in handovers_due.due(request)]
    if "approve_minors" in request.rights:
        found += _to_approve(request)
    if "view_register" in request.rights and not here.practice:
        found += _rights(request)
    if "manage_register" in request.rights and not here.practice:
        found += _letters(request) + _slips(request) + _fourteen(request)
    return found


def _slips(request: StaffRequest) -> list[Due]:
    """How many, and for whom on the sheet alone. One query."""
    count = slips.waiting(neighborhood=request.neighborhood, at=request.at).count()
    words = ngettext(
        "%(count)s slip is to be printed for a mailbox.",
        "%(count)s slips are to be printed for mailboxes.",
        count,
    )
    return [Due("send", words % {"count": count}, reverse("desk_slips"))] if count else []


def _without_a_way(request: StaffRequest) -> list[Due]:
    """Nobody should be without one (laws 1, 2 and 13). One query."""
    count = plain_ways.missing(request.neighborhood, at=request.at).count()
    if not count or "manage_access" not in request.rights:
        return []
    words = ngettext(
        "%(count)s person lives here and has neither card nor PIN.",
        "%(count)s people live here and have neither card nor PIN.",
        count,
    )
    return [Due("card", words % {"count": count}, reverse("desk_without"))]


def _changes(request: StaffRequest) -> list[Due]:
    """Plans of gates that wait for a second person, and those that are held up on their day. One query."""
    found = []
    for each in MethodChange.objects.open().filter(neighborhood=request.neighborhood).select_related("gate"):
        url, gate = reverse("desk_gate_methods", args=[each.gate_id]), {"gate": each.gate.display_name}
        if each.state == MethodChange.State.PLANNED:
            found.append(Due("gate", _("A change at %(gate)s waits for a second person.") % gate, url))
        elif each.held_up_at is not None:
            words = _(
                "The change at %(gate)s is held up: somebody needs a card first, it is out of service, or no camera may"
                " hang there."
            )
            found.append(Due("alert", words % gate, url))
    return found


def _silent(name: str) -> Due:
    return Due(
        "alert", _("%(gate)s has not been heard of for a while.") % {"gate": name}, reverse("desk_upkeep")
    )


def _to_second(request: StaffRequest) -> list[Due]:
    """What somebody wrote down and another of the staff must look at, nearly always before anything happens.
    Four queries."""
    here = {"neighborhood": request.neighborhood}
    leaving = Departure.objects.open().filter(seconded_by=None, court=False, **here).exclude(document="")
    died = Death.objects.filter(confirmed_at=None, undone_at=None, **here)
    found = []
    if count := leaving.count():
        words = ngettext(
            "%(count)s departure waits for a second of the staff.",
            "%(count)s departures wait for a second of the staff.",
            count,
        )
        url = reverse("admin:residents_departure_changelist")
        found.append(Due("people", words % {"count": count}, url))
    if count := died.count():
        words = ngettext(
            "%(count)s death waits for a second of the staff to confirm it.",
            "%(count)s deaths wait for a second of the staff to confirm them.",
            count,
        )
        found.append(Due("people", words % {"count": count}, reverse("admin:residents_death_changelist")))
    if count := seconding.unread(request).exclude(barred_by=request.user).count():
        words = ngettext(
            "%(count)s guardian was barred on a court’s paper, which a second of the staff reads.",
            "%(count)s guardians were barred on a court’s paper, which a second of the staff reads.",
            count,
        )
        found.append(Due("people", words % {"count": count}, reverse("desk_bars")))
    signed = Paper.objects.to_second().filter(**here).exclude(received_by=request.user)
    if count := signed.count():
        words = ngettext(
            "%(count)s signed paper waits for a second of the staff to read it.",
            "%(count)s signed papers wait for a second of the staff to read them.",
            count,
        )
        found.append(Due("file", words % {"count": count}, reverse("desk_paper_next")))
    return found


def _to_approve(request: StaffRequest) -> list[Due]:
    """One query."""
    asked = approving.waiting(neighborhood=request.neighborhood, at=request.at)
    if not (count := asked.exclude(asked_by=request.user).count()):
        return []
    words = ngettext(
        "%(count)s look at a minor’s details waits for you to approve it, or not.",
        "%(count)s looks at minors’ details wait for you to approve them, or not.",
        count,
    )
    return [Due("eye", words % {"count": count}, reverse("desk_approvals"))]


def _emergencies(request: StaffRequest) -> list[Due]:
    """Until somebody else has looked at it. One query, and one more for whom it is for."""
    here = request.neighborhood
    if not emergencies.reviewing(user=request.user, neighborhood=here, at=request.at):
        return []
    if not (count := emergencies.waiting(neighborhood=here).count()):
        return []
    words = ngettext(
        "%(count)s time somebody opened details alone because a life was in danger. Somebody else has to look at it within"
        " three days.",
        "%(count)s times somebody opened details alone because a life was in danger. Somebody else has to look at each"
        " within three days.",
        count,
    )
    return [Due("alert", words % {"count": count}, reverse("desk_emergencies"))]


def _sees_incidents(request: StaffRequest) -> bool:
    return bool(leaks.seeing(user=request.user, neighborhood=request.neighborhood, at=request.at))


def _incidents(request: StaffRequest) -> list[Due]:
    """Rooms that nobody has closed. One query, and one more for whom it is for."""
    if not _sees_incidents(request):
        return []
    if not (count := leaks.open_rooms().filter(neighborhood=request.neighborhood).count()):
        return []
    words = ngettext(
        "%(count)s incident is being worked on: see what is due to be told, and by when.",
        "%(count)s incidents are being worked on: see what is due to be told, and by when.",
        count,
    )
    return [Due("alert", words % {"count": count}, reverse("desk_incidents"))]


def _alarms(request: StaffRequest) -> list[Due]:
    """What this auditor has not read. One query."""
    if not (count := alarms.unread(neighborhood=request.neighborhood, by=request.user).count()):
        return []
    words = ngettext(
        "%(count)s alarm about people’s data is unread.",
        "%(count)s alarms about people’s data are unread.",
        count,
    )
    return [Due("alert", words % {"count": count}, reverse("admin:residents_alarm_changelist"))]


def _asked(request: StaffRequest) -> list[Due]:
    """What residents asked of a body of theirs, and what of it is late. Two queries."""
    open_ = serving.waiting(request)
    counted = open_.aggregate(
        count=Count("pk"),
        late=Count("pk", filter=Q(replied_at=None, reply_due_at__lt=request.at)),
    )
    if not (count := counted["count"]):
        return []
    words = ngettext(
        "%(count)s request of a resident is open.", "%(count)s requests of residents are open.", count
    ) % {"count": count}
    if late := counted["late"]:
        words += " " + ngettext(
            "%(count)s should have been answered by now.", "%(count)s should have been answered by now.", late
        ) % {"count": late}
    return [Due("alert" if late else "pen", words, reverse("desk_service"))]


def _rights(request: StaffRequest) -> list[Due]:
    """One query."""
    if not (count := rights.waiting(request)):
        return []
    words = ngettext(
        "%(count)s request about somebody’s own data waits for an answer.",
        "%(count)s requests about people’s own data wait for an answer.",
        count,
    )
    return [Due("question", words % {"count": count}, reverse("desk_requests"))]


def _fourteen(request: StaffRequest) -> list[Due]:
    """One query."""
    if not (count := tracking.of_age_without_letter(request.neighborhood, on=today(request)).count()):
        return []
    words = ngettext(
        "%(count)s young person is fourteen and has no letter for an account of their own yet.",
        "%(count)s young people are fourteen and have no letters for accounts of their own yet.",
        count,
    )
    return [Due("people", words % {"count": count}, reverse("desk_fourteen"))]


def _letters(request: StaffRequest) -> list[Due]:
    waiting = tracking.waiting(neighborhoods=[request.neighborhood], at=request.at)
    counted = (
        (
            waiting.to_deliver,
            ngettext(
                "%(count)s letter is printed and not delivered yet.",
                "%(count)s letters are printed and not delivered yet.",
                waiting.to_deliver,
            ),
        ),
        (
            waiting.unclaimed,
            ngettext(
                "%(count)s letter was delivered three weeks ago or more, and no account was opened.",
                "%(count)s letters were delivered three weeks ago or more, and no account was opened.",
                waiting.unclaimed,
            ),
        ),
        (
            waiting.expired,
            ngettext(
                "%(count)s letter expired without being used.",
                "%(count)s letters expired without being used.",
                waiting.expired,
            ),
        ),
    )
    url = reverse("desk_letters")
    return [Due("send", words % {"count": count}, url) for count, words in counted if count]
