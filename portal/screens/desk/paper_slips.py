"""The slip to each step of a paper, in the language of the paper: what was written down, by whom, from when, and how to stop it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from consent import papers
from consent.models import Paper
from portal.screens import offices
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, capacity
from portal.screens.desk.slips import Key, Slip
from portal.screens.purposes import WORDS

whom_to_ring = slips.whom_to_ring


def received(request: StaffRequest, paper: Paper) -> HttpResponse:
    def build() -> Slip:
        if paper.answer == Paper.Answer.YES:
            done = _("%(what)s: a yes on paper was taken in.")
            following = [
                _(
                    "It does not count yet. A second of the staff reads it first; three days after that it counts."
                ),
                _how_to_stop(),
            ]
        elif paper.stopped_at:
            done = _("%(what)s: this form is no longer in force, so nothing was written down.")
            following = [_("Nothing was agreed to. Your ways to get in stay as they are.")]
        else:
            done = _("%(what)s: your no is written down. It counts from now on.")
            following = [
                _(
                    "If you had agreed to it before, that is stopped, and what was kept for it is being deleted."
                ),
                _("Your ways to get in stay as they are. Nobody asks you again."),
            ]
        return _slip(request, paper, done, following, papers.CLERK)

    return _show(request, paper, build)


def read(request: StaffRequest, paper: Paper) -> HttpResponse:
    def build() -> Slip:
        if paper.confirmed_at:
            when = _moment(paper.counts_from)
            done = _("%(what)s: a second of the staff has read your yes.")
            following = [_("It counts from %(when)s.") % {"when": when}, _how_to_stop()]
        else:
            done = _("%(what)s: two of the staff read your paper differently, so it counts for nothing.")
            following = [_("Nothing was agreed to. If you want it after all, take a new form home.")]
        return _slip(request, paper, done, following, papers.SECOND)

    return _show(request, paper, build)


def stopped(request: StaffRequest, paper: Paper) -> HttpResponse:
    def build() -> Slip:
        done = _("%(what)s: this paper is stopped. It counts for nothing.")
        following = [_("Its picture is being deleted. Your ways to get in stay as they are.")]
        return _slip(request, paper, done, following, papers.CLERK)

    return _show(request, paper, build)


def _slip(request: StaffRequest, paper: Paper, done: str, following: list[str], perm: str) -> Slip:
    office = offices.in_words(capacity(request, perm))
    return Slip(
        title=_("Your paper"),
        done=[done % {"what": WORDS[paper.form.purpose].title}],
        keys=[Key(_("Number of the paper"), paper.number)],
        next=[*following, _("Written down by: %(office)s.") % {"office": office}],
    )


def _how_to_stop() -> str:
    return _(
        "Until then and after, one word stops it: on your home page here, at the desk, or by phone before it counts."
    )


def _show(request: StaffRequest, paper: Paper, build: Callable[[], Slip]) -> HttpResponse:
    aside = _("Give them this slip, or put it into their letter box in an envelope.")
    return slips.show(request, build, language=paper.language, aside=aside)


def _moment(at: datetime | None) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT") if at else ""
