"""What is typed of a notice on the desk, and what is read of it before it is published.

What somebody else saved meanwhile is neither written over nor published by who has not seen it: the page carries the number of
what it shows (`publishing.check_number`), and that is compared on the locked row.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import for_whom_admin, notice_files_admin, publishing, wording
from committees.models import Notice
from residents.desk import ScopedForm
from residents.sent_once import TokenField

CHANGED = _("It was changed meanwhile; read it again. Nothing was published.")


class NoticeForm(ScopedForm):
    """Says beside each field what may not stand in it, while it is still a draft."""

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        committee = given.get("committee")
        if committee is not None:
            self.instance.neighborhood = committee.neighborhood
        meeting, body = (
            given.get("meeting"),
            committee or (self.instance.committee_id and self.instance.committee),
        )
        if meeting is not None and body and meeting.committee_id != body.pk:
            self.add_error("meeting", gettext("This meeting is another body’s."))
        if body:
            wrong = for_whom_admin.refused(
                given=given, committee=body, corrects=self.instance.corrects_id and self.instance.corrects
            )
            for name, why in wrong.items():
                self.add_error(name, why)
        if self.instance.neighborhood_id is not None:
            own = wording.office_numbers(self.instance.neighborhood)
            for name in Notice.WORDS:
                for rule in wording.rules_broken(text=given.get(name) or "", own=own):
                    self.add_error(name, in_words(rule))
        return given

    def clean_audience(self) -> str:
        """Nothing chosen is everybody."""
        return self.cleaned_data["audience"] or Notice.Audience.ALL


class NewNoticeForm(NoticeForm):
    """`once` names this very page: sent twice, it is one draft."""

    once = TokenField()


class DraftForm(NoticeForm):
    """What stood in it when the page was opened comes back with the answer: two who write at once are told apart."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **also: Any) -> None:
        super().__init__(*args, **also)
        if self.instance.is_plain_draft:
            self.initial["seen"] = publishing.check_number(self.instance)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self._compare(given.get("seen", ""))
        return given

    def _compare(self, seen: str) -> None:
        """In the transaction that saves it. Raises: ValidationError"""
        found = Notice.objects.select_for_update(of=("self",)).get(pk=self.instance.pk)
        if not found.is_plain_draft:
            raise ValidationError(gettext("It is published already, or will be: call that off first."))
        stands = publishing.check_number(found)
        if seen == stands:
            return
        # Pressed once more, knowing that, theirs is put in place of what stands.
        assert isinstance(self.data, QueryDict)
        self.data = self.data.copy()
        self.data["seen"] = stands
        raise ValidationError(
            format_html(
                '{} <a href="{}" target="_blank">{}</a>',
                gettext(
                    "Somebody saved this draft after you had opened it, so nothing was saved. What you typed is below:"
                    " to put it in place of what they saved, save once more."
                ),
                reverse("admin:committees_notice_change", args=[found.pk]),
                gettext("Look at what they saved"),
            )
        )


class NumberField(forms.CharField):
    """Whatever was sent, a page carries the number of what stands on it."""

    widget = forms.HiddenInput

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial


class ReadForm(forms.Form):
    """Of an act that publishes."""

    use_required_attribute = False
    read = NumberField(required=False)

    is_draft = True

    def clean(self) -> dict[str, Any]:
        """Asked again under the lock; here, so that it is said together with all else that is wrong."""
        given = super().clean() or self.cleaned_data
        if self.is_draft and given.get("read") != self.initial["read"]:
            raise ValidationError(CHANGED)
        return given


def stand_beside(form: forms.Form, notice: Notice) -> None:
    """The form is of what its page shows; said before anything is asked of it."""
    assert isinstance(form, ReadForm)
    form.is_draft = notice.is_plain_draft
    form.initial["read"] = publishing.check_number(notice)


def in_words(rule: wording.Rule) -> str:
    return gettext("A notice holds %(rule)s. Take it out.") % {"rule": rule.label}


def as_read(notice: Notice) -> str:
    """All that people will read, and the files that they will be given. Three queries at most."""
    context = {
        "notice": notice,
        "kind": capfirst(notice.get_sort_display() or notice.get_kind_display()),
        "for_whom": for_whom_admin.in_words(notice),
        "meets_at": notice.meets_at and notice.meets_at.astimezone(ZoneInfo(notice.neighborhood.time_zone)),
        "files": notice_files_admin.listed(notice),
    }
    return render_to_string("admin/notice_words.html", context)
