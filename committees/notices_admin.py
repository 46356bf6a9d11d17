"""Notices on the desk: a body drafts, publishes, puts right and takes down what is its own, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import ForeignKey, Q, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import (
    for_whom_admin,
    notice_files_admin,
    notice_forms,
    notice_scheduling_admin,
    publishing,
    roles,
    wording,
)
from committees.models import Committee, Notice
from committees.notice_forms import DraftForm, NewNoticeForm, ReadForm
from committees.publishing import PERM
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import Building, User

T = TypeVar("T")


def speaks_for(request: HttpRequest) -> frozenset[Any]:
    """Of which bodies the reader is. One query for each request."""
    known: frozenset[Any] | None = request.__dict__.get("_speaks_for")
    if known is None:
        known = frozenset[Any]()
        if isinstance(request.user, User):
            found = roles.bodies(user=request.user, perm=PERM, at=moment(request))
            known = frozenset(found.values_list("pk", flat=True))
        request.__dict__["_speaks_for"] = known
    return known


# Shown on the page of one that is there, and not to be written on it.
SET_ELSEWHERE = (
    "committee",
    "attached",
    "corrects",
    "planned",
    "published_at",
    "taken_down_at",
    "opened",
    "for_the_board",
)


def _named(name: str) -> str:
    if name == wording.FILES:
        return gettext("What is written beside the files")
    return str(Notice._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _insisting(act: Callable[..., Notice], request: HttpRequest, notice: Notice) -> Notice:
    assert isinstance(request.user, User)
    user = request.user
    return _in_words(lambda: act(notice=notice, by=user, at=moment(request)))


def _in_words(act: Callable[[], T]) -> T:
    """Do it, or say in words which rule is in the way."""
    try:
        return act()
    except publishing.SaysTooMuch as refused:
        said = "; ".join(f"{_named(name)}: {notice_forms.in_words(rule)}" for name, rule in refused.broken)
        raise Refused(gettext("Not published. %(why)s") % {"why": said}) from refused
    except publishing.NotADraft as refused:
        raise Refused(gettext("It is published already, or will be: call that off first.")) from refused
    except publishing.ChangedMeanwhile as refused:
        raise Refused(str(notice_forms.CHANGED)) from refused
    except publishing.BuildingGone as refused:
        raise Refused(
            gettext(
                "Not published: a building that it is for is no more. Choose again in the draft for which buildings it is."
            )
        ) from refused
    except publishing.NotShown as refused:
        raise Refused(gettext("Residents cannot read it: it is a draft, or was taken down.")) from refused


def _publish(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> None:
    _insisting(partial(publishing.publish, read=given["read"]), request, notice)


def _take_down(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> None:
    _insisting(publishing.take_down, request, notice)


def _correct(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> HttpResponse:
    begun = publishing.begun_correction(notice)
    made = _insisting(publishing.correct, request, notice)
    if made == begun:
        messages.info(request, gettext("This draft puts it right; it was begun before. Go on with it."))
    return HttpResponseRedirect(reverse("admin:committees_notice_change", args=[made.pk]))


def _with_words(run: Callable[..., None]) -> Callable[..., None]:
    return lambda request, notice, given: _in_words(lambda: run(request, notice, given))


def _when_it_met(meeting: Notice) -> str:
    day = date_format(timezone.localtime(meeting.meets_at), "DATE_FORMAT") if meeting.meets_at else ""
    return f"{day} {meeting.title}"


@admin.register(Notice)
class NoticeAdmin(ScopedAdmin[Notice]):
    view_perms = (PERM, "audit")
    add_perms = change_perms = (PERM,)
    form = DraftForm
    list_display = ("title", "kind", "committee", "published_at", "taken_down_at")
    list_filter = (("neighborhood", ScopedFilter), "kind")
    list_select_related = ("committee",)
    ordering = ("-written_at", "pk")
    acts = (
        Act(
            slug="publish",
            label=_("Publish"),
            perms=(PERM,),
            run=_publish,
            form=ReadForm,
            explained=_(
                "Everybody it is for can read it from now on, and nobody can change it. Name no resident; telephone numbers and"
                " identity numbers are refused. Files stand with it: open each of them here once more."
            ),
            when=notice_files_admin.is_draft,
            beside=notice_forms.as_read,
            fill=notice_forms.stand_beside,
        ),
        *notice_scheduling_admin.acts(_with_words),
        *notice_files_admin.ACTS,
        Act(
            slug="correct",
            label=_("Put it right with another notice"),
            perms=(PERM,),
            run=_correct,
            explained=_(
                "A draft begins with these words and files, and names this notice. This one stays as it is. If such a draft is"
                " there already, you come to it. Files of what was taken down do not come along."
            ),
            when=lambda notice: notice.published_at is not None,
        ),
        Act(
            slug="take-down",
            label=_("Take it down"),
            perms=(PERM,),
            run=_take_down,
            explained=_(
                "Residents can read it no more, and from the same moment on nobody is given its files, here neither. For what should"
                " never have been said. If a later notice with the same file puts it right, take that one down, too."
            ),
            when=lambda notice: notice.published_at is not None and notice.taken_down_at is None,
        ),
    )

    def allows(self, request: HttpRequest, perms: Any, obj: Notice | None) -> bool:
        """What is published everybody on its desk may see; all else takes somebody of the very body."""
        if not super().allows(request, perms, obj):
            return False
        if tuple(perms) != (PERM,):
            return True
        theirs = speaks_for(request)
        return bool(theirs) if obj is None else obj.committee_id in theirs

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_plain_draft)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        """Another body's drafts are nobody's business."""
        found = super().get_queryset(request)
        return found.filter(Q(published_at__isnull=False) | Q(committee__in=speaks_for(request)))

    def get_fields(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        drafted = (
            "committee",
            "kind",
            "sort",
            "meeting",
            "title",
            "text",
            "title_en",
            "text_en",
            "meets_at",
            "place",
            "pinned",
            "until",
        )
        chosen = ("audience", "buildings") if obj is None or obj.is_plain_draft else ("for_whom",)
        drafted = (*drafted[:4], *chosen, *drafted[4:])
        if obj is None:
            return ("once", *drafted)
        return (*(("seen",) if obj.is_plain_draft else ()), *drafted, *SET_ELSEWHERE[1:])

    def get_form(
        self, request: HttpRequest, obj: Notice | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(request, obj, change, **kwargs | ({} if change else {"form": NewNoticeForm}))

    def get_readonly_fields(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        return () if obj is None else (*SET_ELSEWHERE, "for_whom")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "committee":
            field.queryset = Committee.objects.filter(pk__in=speaks_for(request))
            if len(speaks_for(request)) == 1:
                field.initial = next(iter(speaks_for(request)))
        if field is not None and db_field.name == "meeting":
            theirs = Notice.objects.published().filter(committee__in=speaks_for(request), kind="meeting")
            field.queryset = theirs.order_by("-meets_at", "pk")
            field.label_from_instance = _when_it_met  # type: ignore[assignment, method-assign]
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "buildings":
            theirs = Committee.objects.filter(pk__in=speaks_for(request)).values("neighborhood")
            return for_whom_admin.BuildingsField(queryset=Building.objects.filter(neighborhood__in=theirs))
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "audience":
            field.required = False
        return field

    def get_urls(self) -> list[URLPattern]:
        file = path(
            "<uuid:object_id>/files/<int:number>/",
            self.admin_site.admin_view(self.hand_out),
            name="committees_notice_file",
        )
        return [file, *super().get_urls()]

    def hand_out(self, request: HttpRequest, object_id: UUID, number: int) -> HttpResponse:
        """To whoever may see the notice here: a second reader sees what the first one added."""
        found = self.get_object(request, str(object_id))
        may = found is not None and self.has_view_permission(request, found)
        return notice_files_admin.handed(found if may else None, number)

    @admin.display(description=_("files"))
    def attached(self, notice: Notice) -> str:
        return notice_files_admin.listed(notice) or "-"

    @admin.display(description=_("for whom"))
    def for_whom(self, notice: Notice) -> str:
        return for_whom_admin.in_words(notice)

    @admin.display(description=_("published by itself"))
    def planned(self, notice: Notice) -> str:
        return notice_scheduling_admin.planned(notice)

    @admin.display(description=_("opened"))
    def opened(self, notice: Notice) -> str:
        return for_whom_admin.opened(notice, timezone.now())

    @admin.display(description=_("for the notice board"))
    def for_the_board(self, notice: Notice) -> str:
        if notice.published_at is None or notice.taken_down_at is not None:
            return "-"
        url = reverse("desk_notice_sheet", args=[notice.pk]) + f"?in={notice.neighborhood_id}"
        return format_html('<a href="{}">{}</a>', url, gettext("Sheet to print"))

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:
        if change:
            return super().save_model(request, obj, form, change)
        assert isinstance(request.user, User)
        obj.token = form.cleaned_data["once"]
        kept = publishing.draft(notice=obj, by=request.user, at=moment(request))
        if kept.pk != obj.pk:
            obj.pk = request.__dict__["_sent_before"] = kept.pk
            return None
        return self.message_user(request, gettext("A draft. Add files on its page, then publish it."))

    def log_addition(self, request: HttpRequest, obj: Notice, message: Any) -> LogEntry:
        if "_sent_before" in request.__dict__:
            return LogEntry()  # the first time was written down
        return super().log_addition(request, obj, message)

    def response_add(
        self, request: HttpRequest, obj: Notice, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_sent_before" not in request.__dict__:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, gettext("It was sent before; this is what came of it."))
        return HttpResponseRedirect(reverse("admin:committees_notice_change", args=[obj.pk]))
