"""What is typed in the room of an incident. Each form has a number of its own, so that sent twice it does nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consent.models import Incident
from portal.screens.desk.forms import TYPED, DeskForm
from portal.screens.visitors import MOMENT
from portal.screens.visitors import TYPED as MOMENTS
from residents.models import Neighborhood, User
from sharing.models import LeakNotice, LeakSource, LeakStep
from sharing.tracing import MOST

ANYBODY = "anybody"
LONGEST = 4000
A_MINUTE = timedelta(minutes=1)
Source, Step = LeakSource.Kind, LeakStep.Kind


def moment_field(label: Any, *, help_text: Any = "", required: bool = True) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        required=required,
        input_formats=MOMENTS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "autocomplete": "off"}, format=MOMENT),
    )


def words_field(label: Any, *, help_text: Any = "", required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={**TYPED, "rows": 3}),
    )


class OneOfSeveral(DeskForm):
    """On a page with others: the cursor stands in it only after a mistake, and its fields have ids of their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"{type(self).__name__.lower()}_%s"
        super().__init__(*args, **kwargs)

    def _stand_at(self, name: str) -> None:
        if self.is_bound:
            super()._stand_at(name)


class OnceForm(OneOfSeveral):
    """With the number of what will come of it."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid4(), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.at = at

    def by_now(self, field: str) -> datetime | None:
        """What somebody typed, if it is no later than now."""
        found: datetime | None = self.cleaned_data.get(field)
        if found is not None and found > self.at:
            raise forms.ValidationError(_("That has not come yet. Write when it was."))
        return found


class SayForm(OnceForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What has happened"), choices=Incident.Kind.choices, widget=forms.RadioSelect
    )
    reason = words_field(
        gettext_lazy("In a few words"),
        help_text=gettext_lazy("What is known, and from where. Name no resident."),
    )
    noticed_at = moment_field(
        gettext_lazy("When it was noticed"), help_text=gettext_lazy("The clocks of the law begin there.")
    )

    def clean_noticed_at(self) -> datetime | None:
        return self.by_now("noticed_at")


class StepForm(OnceForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What you write down"),
        choices=[(each.value, each.label) for each in (Step.FOUND, Step.DONE, Step.SUPPOSED, Step.CLOSED)],
        widget=forms.RadioSelect,
    )
    words = words_field(gettext_lazy("In words"), help_text=gettext_lazy("Name no resident."), required=False)
    number = forms.IntegerField(
        label=gettext_lazy("How many people in all, where that is supposed"),
        help_text=gettext_lazy(
            "Also of other places. From 1,000,000 on the province hears of it within 4 hours."
        ),
        required=False,
        min_value=0,
        max_value=1_500_000_000,
    )
    happened_at = moment_field(
        gettext_lazy("When it was"), help_text=gettext_lazy("Empty: now."), required=False
    )

    def clean_happened_at(self) -> datetime | None:
        return self.by_now("happened_at")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("kind") == Step.SUPPOSED:
            if given.get("number") is None and "number" not in self.errors:
                self.add_error("number", _("Write how many."))
        elif given.get("kind") and not given.get("words", "").strip() and "words" not in self.errors:
            self.add_error("words", _("Write what it was."))
        return given


class SourceForm(OneOfSeveral):
    """Copies are chosen where a text is compared with them."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Where it may have come from"),
        choices=[(each.value, each.label) for each in (Source.LOOK_UPS, Source.REGISTER)],
        widget=forms.RadioSelect,
    )
    account = forms.ChoiceField(
        label=gettext_lazy("Whose looks"),
        help_text=gettext_lazy("Of the register as a whole this counts for nothing."),
    )
    since = moment_field(gettext_lazy("From (of looks)"), required=False)
    until = moment_field(gettext_lazy("Until, or as it was at"))

    def __init__(self, *args: Any, neighborhood: Neighborhood, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        looked = User.objects.filter(look_ups__neighborhood=neighborhood).distinct().order_by("username")
        self.accounts = {str(each.pk): each for each in looked}
        self.at = at
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (ANYBODY, _("whoever looked")),
            *((pk, each.username) for pk, each in self.accounts.items()),
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if until is not None and until > self.at:
            self.add_error("until", _("That has not come yet. Write when it was."))
        elif until is not None:
            # Whoever types a minute means all of it.
            given["until"] = until = min(until + A_MINUTE, self.at)
        if given.get("kind") == Source.LOOK_UPS and "since" not in self.errors:
            if since is None:
                self.add_error("since", _("Write from when on."))
            elif until is not None and since >= until:
                self.add_error("since", _("It begins before it ends."))
        return given


class TraceForm(DeskForm):
    text = forms.CharField(
        label=gettext_lazy("Lines of what turned up"),
        help_text=gettext_lazy(
            "One is enough if the number at its end is there. It is compared and forgotten: nothing of it is kept."
        ),
        max_length=MOST,
        widget=forms.Textarea(attrs={**TYPED, "rows": 8}),
    )


class NoticeForm(DeskForm):
    """Each item that the law wants (PIPL 57). A draft may lack some; sent it lacks none."""

    categories = words_field(LeakNotice._meta.get_field("categories").verbose_name, required=False)
    cause = words_field(LeakNotice._meta.get_field("cause").verbose_name, required=False)
    harm = words_field(LeakNotice._meta.get_field("harm").verbose_name, required=False)
    remedies = words_field(LeakNotice._meta.get_field("remedies").verbose_name, required=False)
    own_steps = words_field(
        LeakNotice._meta.get_field("own_steps").verbose_name,
        help_text=gettext_lazy("“You” is whoever reads it."),
        required=False,
    )
    contact = words_field(LeakNotice._meta.get_field("contact").verbose_name, required=False)
    office = forms.CharField(
        label=LeakNotice._meta.get_field("office").verbose_name,
        help_text=gettext_lazy("For instance: the district’s internet information office, at its counter."),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=TYPED),
    )

    def __init__(self, *args: Any, goes_to: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if goes_to and goes_to not in LeakNotice.OFFICES:
            del self.fields["office"]


class WriteForm(OnceForm):
    goes_to = forms.ChoiceField(
        label=gettext_lazy("Who gets it"), choices=LeakNotice.To.choices, widget=forms.RadioSelect
    )
