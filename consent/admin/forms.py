"""Forms on the desk: drafted by one of the committee, read by another, and published."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from consent import drafting, publishing, terms
from consent.facts import LISTS, label_of, named
from consent.form_fields import DraftForm, NewForm, ReadForm, RecipientForm, typed
from consent.models import Form, FormRecipient, FormText
from consent.second_reading import second_reading
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, ScopedInline, moment
from residents.models import User


class TextInline(ScopedInline):
    model = FormText
    verbose_name_plural = _("What it says, in each language")
    verbose_name = _("language")
    fields = ("language", *FormText.NOTICE)
    readonly_fields = ("language",)
    ordering = ("-language",)


class RecipientInline(ScopedInline):
    """Whoever else receives it. Most forms have none."""

    model = FormRecipient
    form = RecipientForm
    fields = ("name", "contact", "what_for", "method", "categories")
    extra = 1
    can_delete = True

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:  # type: ignore[override]
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


def _submit(request: HttpRequest, form: Form, given: dict[str, Any]) -> None:
    _insisting(publishing.submit, request, form)


def _publish(request: HttpRequest, form: Form, given: dict[str, Any]) -> None:
    _insisting(partial(publishing.publish, read=given["read"]), request, form)


def _send_back(request: HttpRequest, form: Form, given: dict[str, Any]) -> None:
    _insisting(publishing.send_back, request, form)


def _insisting(act: Callable[..., Form], request: HttpRequest, form: Form) -> None:
    """Do it, or say in words which rule is in the way, and the way out."""
    assert isinstance(request.user, User)
    try:
        act(form=form, by=request.user, at=moment(request))
    except publishing.FormIncomplete as refused:
        parts = "; ".join(in_words(part) for part in refused.missing)
        raise Refused(
            gettext("Not done. Still missing: %(parts)s. Fill it in on the draft, then hand it in.")
            % {"parts": parts}
        ) from refused
    except terms.Refused as refused:
        rules = "; ".join(str(rule.label) for rule in refused.rules)
        raise Refused(
            gettext(
                "Not done. This form breaks a rule: %(rules)s. Take that out of the draft, then hand it in."
            )
            % {"rules": rules}
        ) from refused
    except publishing.MoreThanWords as refused:
        parts = "; ".join(in_words(part) for part in refused.parts) or gettext("there is no version before")
        raise Refused(
            gettext(
                "Not done. It says that only words change, but more has changed: %(parts)s. Put that back as it was, or take"
                " away the tick; then every yes to the version before ends."
            )
            % {"parts": parts}
        ) from refused
    except publishing.SameReader as refused:
        raise Refused(
            gettext(
                "Not done. You handed it in yourself: another member of the committee reads it and publishes it."
            )
        ) from refused
    except publishing.Overtaken as refused:
        raise Refused(
            gettext("Not done. A later version is in force already. Draft the next one from that.")
        ) from refused
    except publishing.NotInHand as refused:
        raise Refused(
            gettext("Not done. It is not what you had before you any more. Look at it again.")
        ) from refused


def _next_version(request: HttpRequest, form: Form, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        made = drafting.begin(neighborhood=form.neighborhood, purpose=form.purpose, by=request.user)
    except IntegrityError as refused:
        raise Refused(
            gettext("Not done. Somebody began it at this very moment; you find it in the list.")
        ) from refused
    return HttpResponseRedirect(reverse("admin:consent_form_change", args=[made.pk]))


def in_words(part: str) -> str:
    """`en.what_for` -> "English: what it is for"."""
    language, _dot, name = part.rpartition(".")
    if not language:
        return label_of(name)
    label = str(getattr(FormText._meta.get_field(name), "verbose_name", name))
    return f"{FormText.Language(language).label}: {label}"


@admin.register(Form)
class FormAdmin(ScopedAdmin[Form]):
    view_perms = ("publish_forms", "audit")
    add_perms = change_perms = ("publish_forms",)
    list_display = ("purpose", "version", "state", "change", "published_at", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "purpose", "state")
    list_select_related = ("neighborhood",)
    ordering = ("purpose", "-version")
    inlines = (RecipientInline, TextInline)
    acts = (
        Act(
            slug="submit",
            label=_("Hand to a second reader"),
            perms=("publish_forms",),
            run=_submit,
            explained=_(
                "From then on its words stand still, until the other reader publishes it or sends it back."
            ),
            when=lambda form: form.state == Form.State.DRAFT,
        ),
        Act(
            slug="publish",
            label=_("Read it, and publish"),
            perms=("publish_forms",),
            run=_publish,
            form=ReadForm,
            when=lambda form: form.state == Form.State.READING,
        ),
        Act(
            slug="back",
            label=_("Send back"),
            perms=("publish_forms",),
            run=_send_back,
            explained=_("It becomes a draft again, and can be changed."),
            when=lambda form: form.state == Form.State.READING,
        ),
        Act(
            slug="next",
            label=_("Draft the next version"),
            perms=("publish_forms",),
            run=_next_version,
            explained=_("The draft begins with all that this one says."),
            when=lambda form: form.state == Form.State.PUBLISHED,
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        """The page of the act `publish` shows what is published."""
        read = path(
            "<uuid:object_id>/publish/",
            self.admin_site.admin_view(partial(second_reading, self, _publish)),
            name="consent_form_publish",
        )
        return [read, *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: Form | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = NewForm if obj is None else DraftForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Form | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("neighborhood", "purpose")})]
        drafted = self.has_change_permission(request, obj)
        about = ("neighborhood", "purpose", "modality", "version", "state", "change", "published_at")

        def lists(*names: str) -> tuple[str, ...]:
            """Boxes on a draft, and words on what stands still."""
            return names if drafted else tuple(f"{name}_in_words" for name in names)

        return [
            (None, {"fields": (*about, "seen") if drafted else about}),
            (
                gettext("Who is responsible"),
                {
                    "fields": (
                        "controller_name",
                        "controller_kind",
                        "controller_address",
                        "controller_contact",
                    )
                },
            ),
            (
                gettext("What is kept, how and where"),
                {"fields": ("method", *lists("categories", "storage"))},
            ),
            (gettext("How long"), {"fields": ("life_days", "retention_days")}),
            (gettext("Getting in without it, and stopping it"), {"fields": lists("ways_in", "ways_out")}),
            (
                gettext("Terms that somebody asks for"),
                {
                    "fields": ("irrevocable", "sublicensable", "preset", "bundled"),
                    "description": gettext(
                        "Tick what is really meant. A form with any of these ticked is not published, and the reason is"
                        " named: so nobody has to argue about it."
                    ),
                },
            ),
            (gettext("What kind of change it is"), {"fields": ("only_words",)}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Form | None = None) -> list[str]:
        if obj is None:
            return []
        about = ["neighborhood", "purpose", "modality", "version", "state", "change", "published_at"]
        return [*about, *(f"{name}_in_words" for name in LISTS)]

    @admin.display(description=_("kinds of data"))
    def categories_in_words(self, form: Form) -> str:
        return gettext("; ").join(named("categories", form.categories))

    @admin.display(description=_("where it is kept"))
    def storage_in_words(self, form: Form) -> str:
        return gettext("; ").join(named("storage", form.storage))

    @admin.display(description=_("ways in without it"))
    def ways_in_in_words(self, form: Form) -> str:
        return gettext("; ").join(named("ways_in", form.ways_in))

    @admin.display(description=_("ways to stop it"))
    def ways_out_in_words(self, form: Form) -> str:
        return gettext("; ").join(named("ways_out", form.ways_out))

    def get_inlines(self, request: HttpRequest, obj: Form | None) -> Any:
        return () if obj is None else self.inlines

    def has_change_permission(self, request: HttpRequest, obj: Form | None = None) -> bool:
        """Published words stand; the database would refuse as well."""
        drafted = obj is None or obj.state == Form.State.DRAFT
        return drafted and super().has_change_permission(request, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and object_id is not None:
            obj = self.get_object(request, object_id)
            if (
                obj is not None
                and obj.state != Form.State.DRAFT
                and self.allows(request, self.change_perms, obj)
            ):
                return self._too_late(request, obj)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _too_late(self, request: HttpRequest, obj: Form) -> HttpResponse:
        """Nothing was saved, and nothing that was typed is lost."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Too late: it is no draft any more"),
            "opts": self.opts,
            "original": obj,
            "reading": obj.state == Form.State.READING,
            "typed": typed(request),
        }
        return TemplateResponse(request, "admin/consent/form/too_late.html", context, status=409)

    def save_model(self, request: HttpRequest, obj: Form, form: Any, change: bool) -> None:
        if change:
            obj.save()
            return
        assert isinstance(request.user, User)
        made = drafting.begin(neighborhood=obj.neighborhood, purpose=obj.purpose, by=request.user)
        obj.pk, obj._state, obj.version = made.pk, made._state, made.version

    def response_add(
        self, request: HttpRequest, obj: Form, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the words."""
        return HttpResponseRedirect(reverse("admin:consent_form_change", args=[obj.pk]))
