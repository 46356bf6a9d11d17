"""The files of a notice on the desk: a page to add one, a page to take one off, and the list that whoever publishes reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import attaching, handing_out, publishing, wording
from committees.models import Notice, NoticeFile
from residents import effects
from residents.acts import Act, Refused
from residents.desk import moment
from residents.models import User

REFUSED: Mapping[str, Promise] = {
    "missing": _("Choose a file."),
    "empty": _("The file is empty. Choose it again."),
    "file_too_large": _("The file is larger than 12 megabytes. Choose a smaller one."),
    "format_not_supported": _("Only a PDF, or a picture in JPEG, PNG or WebP. Choose another file."),
    "not_a_pdf": _("Only a PDF, or a picture in JPEG, PNG or WebP. Choose another file."),
    "not_a_picture": _("The file is not a picture, whatever its name says. Choose another one."),
    "truncated": _("Part of the file is missing. Choose it again, or save it anew."),
    "too_many_pixels": _("The picture is far larger than a camera makes. Choose another one."),
    "animated": _("The picture moves. Choose a still one."),
    "locked": _("The PDF is locked by a password or forbids things. Save it without that."),
    "acts": _(
        "The PDF holds something that acts by itself: a script, a program, a form that sends, or another file. Save it as a"
        " plain PDF (print it into a file)."
    ),
    "unreadable": _("The PDF cannot be looked through. Save it as a plain PDF (print it into a file)."),
    "too_many": _("A notice carries five files at most. Take one off first."),
    "no_such_file": _("This file was taken off already."),
}
IN_ENGLISH = _("In English, both the title and what it shows, or neither.")
LINES = forms.Textarea(attrs={"rows": 3, "cols": 60})


class FileForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=_("The file"),
        help_text=_(
            "A PDF, or a picture in JPEG, PNG or WebP; 12 megabytes at most. A picture is written anew, without the place and"
            " the camera."
        ),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png,image/webp"}),
    )
    title = forms.CharField(
        label=_("title of the file"), max_length=100, error_messages={"required": _("Write what it is.")}
    )
    shows = forms.CharField(
        label=_("what the picture shows"),
        help_text=_(
            "Of a picture only: in words, for who does not see it. If there is writing in it, write that here or in the notice."
        ),
        max_length=500,
        required=False,
        widget=LINES,
    )
    title_en = forms.CharField(
        label=_("title of the file in English"),
        help_text=_("Empty: readers of English are told that it is in Chinese."),
        max_length=200,
        required=False,
    )
    shows_en = forms.CharField(
        label=_("what the picture shows, in English"), max_length=1000, required=False, widget=LINES
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("shows_en") and not given.get("title_en") and "title_en" not in self.errors:
            self.add_error("title_en", IN_ENGLISH)
        return given


class WhichForm(forms.Form):
    use_required_attribute = False
    number = forms.TypedChoiceField(
        label=_("Which file?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of them.")},
    )


def _no(reason: str) -> Refused:
    return Refused(str(REFUSED[reason]), None if reason in ("too_many", "no_such_file") else "file")


def _read(request: HttpRequest, given: dict[str, Any]) -> bytes:
    """The file itself, with the words that one of its format takes. Raises: Refused"""
    if "file" in effects.call("too_large", request=request):
        raise _no("file_too_large")
    if given["file"] is None:
        raise _no("missing")
    content: bytes = given["file"].read()
    try:
        is_picture = attaching.format_of(content) == NoticeFile.Format.PICTURE
    except attaching.FileRefused as refused:
        raise _no(refused.reason) from refused
    if is_picture and not given["shows"]:
        raise Refused(gettext("Write what the picture shows: not everybody sees it."), "shows")
    if is_picture and given["title_en"] and not given["shows_en"]:
        raise Refused(str(IN_ENGLISH), "shows_en")
    return content


def _hold_no_number(notice: Notice, said: dict[str, str]) -> None:
    """Asked again at publication. Raises: Refused"""
    own = wording.office_numbers(notice.neighborhood)
    for name, words in said.items():
        for rule in wording.rules_broken(text=words, own=own):
            raise Refused(gettext("A notice holds %(rule)s. Take it out.") % {"rule": rule.label}, name)


def _attach(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    said: dict[str, str] = {name: given[name] for name in NoticeFile.WORDS}
    content = _read(request, given)
    _hold_no_number(notice, said)
    try:
        attaching.attach(notice=notice, content=content, by=request.user, at=moment(request), **said)
    except attaching.FileRefused as refused:
        raise _no(refused.reason) from refused
    except publishing.NotADraft as refused:
        raise Refused(gettext("It is published already, or will be: call that off first.")) from refused


def _detach(request: HttpRequest, notice: Notice, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        attaching.detach(notice=notice, number=given["number"], by=request.user, at=moment(request))
    except attaching.FileRefused as refused:
        raise _no(refused.reason) from refused
    except publishing.NotADraft as refused:
        raise Refused(gettext("It is published already, or will be: call that off first.")) from refused


def _offer(form: forms.Form, notice: Notice) -> None:
    found = notice.files.listed()
    form.fields["number"].choices = [(each.number, _line(each)) for each in found]  # type: ignore[attr-defined]


def is_draft(notice: Notice) -> bool:
    return notice.is_plain_draft


def listed(notice: Notice) -> SafeString:
    """Each with what must be known of it before it is published; to be opened by whoever reads it here. Of what was taken down
    nothing but what they were called. One query."""
    if publishing.withheld(notice):
        titles = ((_line(each),) for each in notice.files.listed())
        gone = format_html_join("", "<p>{}</p>", titles)
        return gone and format_html(
            "{}<p>{}</p>", gone, gettext("Taken down: nobody is given them any more.")
        )
    return format_html_join(
        "",
        '<p><a href="{}">{}</a>{}{}</p>',
        (
            (
                reverse("admin:committees_notice_file", args=[notice.pk, each.number]),
                _line(each),
                format_html("<br>{}: {}", capfirst(gettext("what the picture shows")), each.shows)
                if each.shows
                else "",
                format_html(
                    "<br><strong>{}</strong> {}", gettext("The file itself says who made it:"), each.made_by
                )
                if each.made_by
                else "",
            )
            for each in notice.files.listed()
        ),
    )


def _line(file: NoticeFile) -> str:
    words = file.title + (f" · {file.title_en}" if file.title_en else "")
    return f"{words} ({file.get_format_display()}, {filesizeformat(file.length)})"


def handed(notice: Notice | None, number: int) -> HttpResponse:
    """Raises: Http404"""
    found = (
        None if notice is None or publishing.withheld(notice) else notice.files.filter(number=number).first()
    )
    if found is None:
        raise Http404
    return handing_out.answer(found)


ACTS: tuple[Act[Notice], ...] = (
    Act(
        slug="add-file",
        label=_("Add a file"),
        perms=(publishing.PERM,),
        run=_attach,
        form=FileForm,
        explained=_(
            "The notice’s own words must say what matters: not everybody can open a file or see a picture. Minutes and accounts"
            " may name only who must be named in public; nobody and nothing here recognises a name, a signature or a number in a"
            " file. Read it once more before you publish."
        ),
        when=is_draft,
        beside=listed,
    ),
    Act(
        slug="take-file-off",
        label=_("Take a file off"),
        perms=(publishing.PERM,),
        run=_detach,
        form=WhichForm,
        explained=_("Only while it is a draft. After that, files stand as the words do."),
        when=is_draft,
        fill=_offer,
    ),
)
