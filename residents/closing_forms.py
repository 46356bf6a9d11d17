"""How the desk asks what became of a device or a recipient, and whether somebody else agrees: the two acts of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django import forms
from django.db.models import Model
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.acts import Act, Refused
from residents.closing import ClosingRefused
from residents.desk import moment
from residents.models import Closing

M = TypeVar("M", bound=Model)

REFUSED: Mapping[str, Any] = {
    "words": _("Write how that is known."),
    "before": _("Somebody has said so before."),
    "nothing": _("Nobody has said so, or it was answered in the meantime."),
    "same_person": _("You said so yourself: somebody else of the staff answers."),
    "trusted": _("Revoke the reader first, so that it opens nothing any more."),
    "confirmed": _("They have confirmed that they deleted it."),
    "early": _("They still have time to answer."),
}


class SayForm(forms.Form):
    reason = forms.ChoiceField(label=_("what became of it"), widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("how that is known"),
        max_length=300,
        help_text=_("Whoever answers reads it, and so do auditors. Write nobody’s name."),
    )


class AnswerForm(forms.Form):
    """Nothing is chosen beforehand."""

    agreed = forms.ChoiceField(
        label=_("your answer"),
        choices=[
            ("yes", _("I looked into it, and it is so")),
            ("no", _("It is not so, or I cannot tell: go on waiting")),
        ],
        widget=forms.RadioSelect,
    )


def acts(
    *,
    perms: tuple[str, ...],
    reasons: Sequence[Closing.Reason],
    say: Callable[..., Any],
    answer: Callable[..., Any],
    standing: Callable[[M], Closing | None],
    may_be_said: Callable[[M], bool],
    explained: Any,
) -> tuple[Act[M], Act[M]]:
    """`say` and `answer` are those of the room, and are given the row first."""

    def fill(form: forms.Form, row: M) -> None:
        field = form.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.value, each.label) for each in reasons]

    def run_say(request: HttpRequest, row: M, given: dict[str, Any]) -> None:
        with _in_words():
            say(
                row,
                reason=Closing.Reason(given["reason"]),
                words=given["words"],
                by=request.user,
                at=moment(request),
            )

    def run_answer(request: HttpRequest, row: M, given: dict[str, Any]) -> None:
        with _in_words():
            answer(row, agreed=given["agreed"] == "yes", by=request.user, at=moment(request))

    def beside(row: M) -> str:
        said = standing(row)
        if said is None:
            return ""
        day = date_format(localtime(said.asked_at), "DATETIME_FORMAT")
        return format_html(
            "<p>{}</p>", f"{said.get_reason_display()} · {said.words} · {said.asked_by} · {day}"
        )

    def is_open(row: M) -> bool:
        said = standing(row)
        return said is not None and said.agreed is None

    first: Act[M] = Act(
        slug="will-not-answer",
        label=_("Say that it will not answer"),
        perms=perms,
        form=SayForm,
        run=run_say,
        fill=fill,
        explained=explained,
        when=lambda row: may_be_said(row) and standing(row) is None,
    )
    second: Act[M] = Act(
        slug="agree-to-close",
        label=_("Answer whether nobody is to wait for it"),
        perms=perms,
        form=AnswerForm,
        run=run_answer,
        beside=beside,
        explained=_(
            "Another of the staff has said what became of it. If you agree, nobody waits for it any more: what was to be"
            " deleted there is closed, and shown as that, never as gone. What a recipient signs later still counts."
        ),
        when=is_open,
    )
    return first, second


def told(said: Closing | None) -> str:
    """For the page of the row."""
    if said is None:
        return "—"
    waits = "" if said.agreed else gettext(" (somebody else has still to agree)")
    return f"{said.get_reason_display()}: {said.words}{waits}"


@contextmanager
def _in_words() -> Iterator[None]:
    """A refusal becomes an error of the form."""
    try:
        yield
    except ClosingRefused as refused:
        raise Refused(REFUSED[refused.reason]) from refused
