"""The second reader's page: the whole form as a resident will see it, what changed beside it, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from consent import comparing, publishing
from consent.form_fields import ReadForm
from consent.models import Form
from residents.acts import Refused
from residents.desk import ScopedAdmin, moment

# Below this a count can point at a person.
FEWEST_COUNTED = 5


def second_reading(
    page: ScopedAdmin[Form],
    publish: Callable[[HttpRequest, Form, dict[str, Any]], None],
    request: HttpRequest,
    object_id: UUID,
) -> HttpResponse:
    """Whoever may not see the row gets the same answer as for a row that is not there."""
    form = page.get_object(request, str(object_id))
    if form is None:
        raise Http404
    if not page.allows(request, ("publish_forms",), form):
        raise PermissionDenied
    answer = ReadForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        # Nothing is published that nobody had before them.
        if answer.is_valid():
            try:
                publish(request, form, answer.cleaned_data)
            except Refused as refused:
                answer.add_error(None, str(refused))
            else:
                page.log_change(request, form, "publish")
                page.message_user(request, gettext("Done."))
                return HttpResponseRedirect(reverse("admin:consent_form_change", args=[form.pk]))
        form = Form.objects.select_related("neighborhood").get(pk=form.pk)
    return _page(page, request, form, answer)


def _page(page: ScopedAdmin[Form], request: HttpRequest, form: Form, answer: ReadForm) -> HttpResponse:
    before = publishing.in_force_before(form) if form.state == Form.State.READING else None
    reading = comparing.read(form=form, before=before, at=moment(request))
    context = {
        **page.admin_site.each_context(request),
        "title": gettext("Read it, and publish"),
        "opts": page.opts,
        "original": form,
        "form": answer,
        "reading": reading,
        "verdict": verdict(reading),
        "read": publishing.check_number(form),
        "in_hand": form.state == Form.State.READING,
    }
    return TemplateResponse(request, "admin/consent/form/read.html", context)


def verdict(reading: comparing.Reading) -> str:
    """What follows from publishing it: computed, and nobody's choice."""
    if reading.change == Form.Change.FIRST:
        return gettext(
            "Nothing is in force for this purpose: nobody's yes ends, and nobody is told or asked."
        )
    count = {"people": people(reading.standing)}
    if reading.change == Form.Change.EDITORIAL:
        return gettext("Only words change: every yes stands. Told once: %(people)s.") % count
    if not reading.data:
        return (
            gettext(
                "Nothing but words changed, but the draft does not say so: every yes before ends. Told once: %(people)s."
                " To let them stand, send it back and tick “only the wording changes”."
            )
            % count
        )
    return (
        gettext("More than words changes: every yes before ends. It ends, and is told once, for: %(people)s.")
        % count
    )


def people(number: int) -> str:
    if number < FEWEST_COUNTED:
        return gettext("fewer than 5 people")
    return ngettext("%(number)d person", "%(number)d people", number) % {"number": number}


def rounded(number: int) -> str:
    return str(number) if number >= FEWEST_COUNTED else gettext("fewer than 5")
