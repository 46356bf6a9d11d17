"""What waits at the desk: gates, cards, papers, letters, and what a second of the staff has to look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access import hearing, losing, plain_ways
from access.models import MethodChange
from committees import assigning
from consent.models import Paper
from consent.models.paper import BACK_WITHIN
from portal.screens import account_news
from portal.screens.desk import orders_due, rights, seconding, serving
from portal.screens.desk.due_lines import Due, counted
from portal.screens.desk.entrance import StaffRequest, today
from residents import approving, slips, tracking
from residents.models import Death, Departure

OUT_TOO_LONG = timedelta(days=7)
# A paper that is still out is asked after so long before it lapses.
LAPSES_WITHIN = timedelta(days=7)


def of_my_account(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    news, more = account_news.newest_of_each_kind(account=request.user.pk, at=request.at)
    for each in news:
        yield Due("key", each["title"], each["url"])
    if more:
        yield Due("key", account_news.more_of(more), reverse("my_codes"))


def silent_gates(request: StaffRequest) -> Iterator[Due]:
    """Two queries."""
    for each in hearing.of_all(request.neighborhood, at=request.at):
        if each.silent:
            words = _("%(gate)s has not been heard of for a while.") % {"gate": each.gate.display_name}
            yield Due("alert", words, reverse("desk_upkeep"), each.since)


def loans(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    out, url = losing.loans(request.neighborhood, at=request.at), reverse("desk_lost")
    long = [request.at - loan.age for loan in out if loan.age > OUT_TOO_LONG]
    if long:
        words = ngettext(
            "%(count)s spare card or lent PIN has been out for more than 7 days.",
            "%(count)s spare cards or lent PINs have been out for more than 7 days.",
            len(long),
        )
        yield Due("card", words % {"count": len(long)}, url, min(long))
    if back := [request.at - loan.age for loan in out if loan.asked_back]:
        words = ngettext(
            "%(count)s of those on loan has a card of their own again: ask for the spare back.",
            "%(count)s of those on loan have a card of their own again: ask for the spares back.",
            len(back),
        )
        yield Due("card", words % {"count": len(back)}, url, min(back))


def changes_of_gates(request: StaffRequest) -> Iterator[Due]:
    """Plans of gates that wait for a second person, and those that are held up on their day. One query."""
    for each in MethodChange.objects.open().filter(neighborhood=request.neighborhood).select_related("gate"):
        url, gate = reverse("desk_gate_methods", args=[each.gate_id]), {"gate": each.gate.display_name}
        if each.state == MethodChange.State.PLANNED:
            words = _("A change at %(gate)s waits for a second person.") % gate
            yield Due("gate", words, url, each.planned_at)
        elif each.held_up_at is not None:
            words = _(
                "The change at %(gate)s is held up: somebody needs a card first, it is out of service, or no camera may"
                " hang there."
            )
            yield Due("alert", words % gate, url, each.held_up_at)


def orders_to_gates(request: StaffRequest) -> Iterator[Due]:
    """Two queries."""
    for each in orders_due.due(request):
        yield Due(*each)


def nobody_without_a_way(request: StaffRequest) -> Iterator[Due]:
    """Nobody should be without one (laws 1, 2 and 13). One query."""
    if "view_register" not in request.rights:
        return
    if count := plain_ways.missing(request.neighborhood, at=request.at).count():
        words = ngettext(
            "%(count)s person lives here and has neither card nor PIN.",
            "%(count)s people live here and have neither card nor PIN.",
            count,
        )
        yield Due("card", words % {"count": count}, reverse("desk_without"))


def to_second(request: StaffRequest) -> Iterator[Due]:
    """What somebody wrote down and another of the staff must look at, nearly always before anything happens.
    Four queries."""
    here = {"neighborhood": request.neighborhood}
    leaving = Departure.objects.open().filter(seconded_by=None, court=False, **here).exclude(document="")
    count, since = counted(leaving, "opened_at")
    if count:
        words = ngettext(
            "%(count)s departure waits for a second of the staff.",
            "%(count)s departures wait for a second of the staff.",
            count,
        )
        url = reverse("admin:residents_departure_changelist")
        yield Due("people", words % {"count": count}, url, since)
    count, since = counted(Death.objects.filter(confirmed_at=None, undone_at=None, **here), "reported_at")
    if count:
        words = ngettext(
            "%(count)s death waits for a second of the staff to confirm it.",
            "%(count)s deaths wait for a second of the staff to confirm them.",
            count,
        )
        url = reverse("admin:residents_death_changelist")
        yield Due("people", words % {"count": count}, url, since)
    count, since = counted(seconding.unread(request).exclude(barred_by=request.user), "barred_at")
    if count:
        words = ngettext(
            "%(count)s guardian was barred on a court’s paper, which a second of the staff reads.",
            "%(count)s guardians were barred on a court’s paper, which a second of the staff reads.",
            count,
        )
        yield Due("people", words % {"count": count}, reverse("desk_bars"), since)
    signed = Paper.objects.to_second().filter(**here).exclude(received_by=request.user)
    count, since = counted(signed, "received_at")
    if count:
        words = ngettext(
            "%(count)s signed paper waits for a second of the staff to read it.",
            "%(count)s signed papers wait for a second of the staff to read them.",
            count,
        )
        yield Due("file", words % {"count": count}, reverse("desk_paper_next"), since)


def asked_of_bodies(request: StaffRequest) -> Iterator[Due]:
    """What residents asked of a body of theirs, what of it is late, and who sees to it. Two queries."""
    seen_to = assigning.standing(at=request.at).filter(request=OuterRef("pk"))
    found = serving.waiting(request).aggregate(
        count=Count("pk"),
        mine=Count("pk", filter=Exists(seen_to.filter(assignee=request.user))),
        nobodys=Count("pk", filter=~Exists(seen_to)),
        late=Count("pk", filter=Q(replied_at=None, reply_due_at__lt=request.at)),
        since=Min("opened_at"),
    )
    if not (count := found["count"]):
        return
    words = ngettext(
        "%(count)s request of a resident is open.", "%(count)s requests of residents are open.", count
    ) % {"count": count}
    if late := found["late"]:
        words += " " + ngettext(
            "%(count)s should have been answered by now.", "%(count)s should have been answered by now.", late
        ) % {"count": late}
    whose = [(_("yours"), found["mine"]), (_("nobody’s"), found["nobodys"])]
    whose.append((_("colleagues’"), count - found["mine"] - found["nobodys"]))
    by = _(", ").join(f"{owner}: {number}" for owner, number in whose if number)
    yield Due("alert" if late else "pen", words, reverse("desk_service"), found["since"], by)


def minors_to_approve(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    asked = approving.waiting(neighborhood=request.neighborhood, at=request.at).exclude(asked_by=request.user)
    count, since = counted(asked, "asked_at")
    if count:
        words = ngettext(
            "%(count)s look at a minor’s details waits for you to approve it, or not.",
            "%(count)s looks at minors’ details wait for you to approve them, or not.",
            count,
        )
        yield Due("eye", words % {"count": count}, reverse("desk_approvals"), since)


def rights_to_answer(request: StaffRequest) -> Iterator[Due]:
    """And by when the first of them has to be. One query."""
    found = (
        rights.waiting(request)
        .order_by()
        .aggregate(
            count=Count("pk"),
            since=Min("opened_at"),
            late=Count("pk", filter=Q(due_at__lt=request.at)),
        )
    )
    if not (count := found["count"]):
        return
    words = ngettext(
        "%(count)s request about somebody’s own data waits for an answer.",
        "%(count)s requests about people’s own data wait for an answer.",
        count,
    ) % {"count": count}
    if late := found["late"]:
        words += " " + ngettext("%(count)s is overdue.", "%(count)s are overdue.", late) % {"count": late}
    yield Due("alert" if late else "question", words, reverse("desk_requests"), found["since"])


def letters(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    waiting = tracking.waiting(neighborhoods=[request.neighborhood], at=request.at)
    url = reverse("desk_letters")
    if waiting.to_deliver:
        words = ngettext(
            "%(count)s letter is printed and not delivered yet.",
            "%(count)s letters are printed and not delivered yet.",
            waiting.to_deliver,
        )
        yield Due("send", words % {"count": waiting.to_deliver}, url, waiting.to_deliver_since)
    if waiting.unclaimed:
        words = ngettext(
            "%(count)s letter was delivered three weeks ago or more, and no account was opened.",
            "%(count)s letters were delivered three weeks ago or more, and no account was opened.",
            waiting.unclaimed,
        )
        yield Due("send", words % {"count": waiting.unclaimed}, url, waiting.unclaimed_since)
    if waiting.expired:
        words = ngettext(
            "%(count)s letter expired without being used.",
            "%(count)s letters expired without being used.",
            waiting.expired,
        )
        yield Due("send", words % {"count": waiting.expired}, url, waiting.expired_since)


def papers_not_back(request: StaffRequest) -> Iterator[Due]:
    """Forms that lapse within a week because they are still at somebody's home. One query."""
    out = Paper.objects.open().filter(neighborhood=request.neighborhood, received_at=None)
    soon = request.at - BACK_WITHIN + LAPSES_WITHIN
    count, since = counted(out.filter(handed_out_at__lte=soon), "handed_out_at")
    if count:
        words = ngettext(
            "%(count)s paper form that was handed out lapses within a week if it does not come back.",
            "%(count)s paper forms that were handed out lapse within a week if they do not come back.",
            count,
        )
        yield Due("file", words % {"count": count}, reverse("desk_paper"), since)


def slips_to_print(request: StaffRequest) -> Iterator[Due]:
    """How many, and for whom on the sheet alone. One query."""
    if count := slips.waiting(neighborhood=request.neighborhood, at=request.at).count():
        words = ngettext(
            "%(count)s slip is to be printed for a mailbox.",
            "%(count)s slips are to be printed for mailboxes.",
            count,
        )
        yield Due("send", words % {"count": count}, reverse("desk_slips"))


def fourteen_without_letter(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    if count := tracking.of_age_without_letter(request.neighborhood, on=today(request)).count():
        words = ngettext(
            "%(count)s young person is fourteen and has no letter for an account of their own yet.",
            "%(count)s young people are fourteen and have no letters for accounts of their own yet.",
            count,
        )
        yield Due("people", words % {"count": count}, reverse("desk_fourteen"))
