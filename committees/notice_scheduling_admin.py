"""When a draft is published by itself, on the desk: naming the moment, and calling it off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import notice_files_admin, notice_forms, publishing, scheduling
from committees.models import Notice
from committees.notice_forms import ReadForm
from residents.acts import Act, Refused
from residents.desk import moment
from residents.models import User

WRONG: Mapping[str, Promise] = {
    "past": _("This moment is over. Name one to come, or publish it now."),
    "far": _("Too far away: ninety days at most, and within a year of its first words."),
    "over": _("By then it counts no more: its own last day is before."),
    "met": _("By then its meeting has begun."),
}


class MomentForm(ReadForm):
    """On the neighborhood's own clock, whatever the reader's is."""

    day = forms.DateField(
        label=_("On which day?"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Name the day.")},
    )
    time = forms.TimeField(
        label=_("At what time?"),
        widget=forms.TimeInput(attrs={"type": "time"}),
        error_messages={"required": _("Name the time.")},
    )


def schedule(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    zone = ZoneInfo(notice.neighborhood.time_zone)
    then = datetime.combine(given["day"], given["time"], tzinfo=zone)
    try:
        scheduling.schedule(
            notice=notice, publish_at=then, by=request.user, at=moment(request), read=given["read"]
        )
    except scheduling.WrongMoment as refused:
        raise Refused(str(WRONG[refused.reason]), "day") from refused


def call_off(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        scheduling.call_off(notice=notice, by=request.user, at=moment(request))
    except scheduling.NotScheduled as refused:
        raise Refused(gettext("There is nothing to call off.")) from refused


def planned(notice: Notice) -> str:
    """What is to be said of its publication, while it is a draft."""
    if notice.held_back_at is not None and notice.published_at is None:
        return gettext(
            "It was to be published, and was not: whoever had named the moment may not any more, or it says what no notice may, or"
            " it counted no more by then, or its meeting had begun, or a building that it is for is no more, or what it puts right"
            " was taken down with its files. Read it again; then publish it, name another moment, or leave it."
        )
    if notice.publish_at is None:
        return "-"
    return in_place(notice, notice.publish_at)


def in_place(notice: Notice, at: datetime) -> str:
    return date_format(timezone.localtime(at, ZoneInfo(notice.neighborhood.time_zone)), "DATETIME_FORMAT")


def acts(insisting: Any) -> tuple[Act[Notice], ...]:
    """`insisting` says in words which rule of publication is in the way."""
    return (
        Act(
            slug="schedule",
            label=_("Publish it at a moment"),
            perms=(publishing.PERM,),
            run=insisting(schedule),
            form=MomentForm,
            explained=_(
                "It is published by itself at this moment, and not before, if you still speak for this body then. Until then it stands"
                " as it is: to change a word or a file, call it off first."
            ),
            when=notice_files_admin.is_draft,
            beside=notice_forms.as_read,
            fill=notice_forms.stand_beside,
        ),
        Act(
            slug="call-off",
            label=_("Do not publish it by itself"),
            perms=(publishing.PERM,),
            run=call_off,
            explained=_("It is a draft as any other again, to be changed, published or left."),
            when=lambda notice: notice.is_scheduled or notice.held_back_at is not None,
        ),
    )
