"""One act on one row of the desk, on a page of its own: what it does, what it asks for, who may.

The page is a plain form that works without JavaScript. An act calls one domain function; a refusal becomes an error of
the form, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from residents.laws import BROKEN, refused_by_law

if TYPE_CHECKING:
    from residents.desk import ScopedAdmin

M = TypeVar("M", bound=Model)
Words = str | Promise


class Refused(Exception):
    """The act cannot be done; the message says why, to whoever tried, beside the field that is to blame."""

    def __init__(self, message: Words, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def always(obj: Any) -> bool:
    return True


def nothing(*given: Any) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Act(Generic[M]):
    slug: str
    label: Words
    perms: tuple[str, ...]
    # Returns a page of its own, or nothing to go back to the row.
    run: Callable[[HttpRequest, M, dict[str, Any]], HttpResponse | None]
    form: type[forms.Form] = forms.Form
    explained: Words = ""
    when: Callable[[M], bool] = always  # whether the button is shown; `run` is asked all the same
    # What is shown above the form, as HTML that is safe as it is; and what the form must know of the row.
    beside: Callable[[M], str] = nothing
    fill: Callable[[forms.Form, M], Any] = nothing


def view_of(act: Act[M], page: ScopedAdmin[M]) -> Callable[..., HttpResponse]:
    """The act's view. Whoever may not see the row gets the same answer as for a row that is not there."""

    def view(request: HttpRequest, object_id: UUID) -> HttpResponse:
        obj = page.get_object(request, str(object_id))
        if obj is None:
            raise Http404
        if not page.allows(request, act.perms, obj):
            raise PermissionDenied
        form = act.form(request.POST, request.FILES) if request.method == "POST" else act.form()
        act.fill(form, obj)
        if request.method == "POST" and form.is_valid():
            try:
                answer = act.run(request, obj, form.cleaned_data)
            except Refused as refused:
                form.add_error(refused.field, str(refused))
            except DatabaseError as error:
                if not refused_by_law(error):
                    raise
                form.add_error(None, str(BROKEN))
            else:
                page.log_change(request, obj, act.slug)
                return answer or _back(request, page, obj)
            # Shown as it stands by now: somebody else may have been faster.
            obj = page.get_object(request, str(object_id)) or obj
            act.fill(form, obj)
        context = {
            **page.admin_site.each_context(request),
            "act": act,
            "form": form,
            "beside": act.beside(obj),
            "title": act.label,
            "opts": page.opts,
            "original": obj,
        }
        return TemplateResponse(request, "admin/act.html", context)

    return view


def shown_once(
    request: HttpRequest,
    *,
    page: ScopedAdmin[Any],
    obj: Model,
    title: Words,
    code: str,
    lines: Sequence[Words],
) -> HttpResponse:
    """A page with a code that no page will ever show again, ready to be printed."""
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "code": code,
        "lines": lines,
        "opts": page.opts,
        "original": obj,
    }
    return TemplateResponse(request, "admin/shown_once.html", context, headers={"Cache-Control": "no-store"})


def _back(request: HttpRequest, page: ScopedAdmin[Any], obj: Model) -> HttpResponse:
    page.message_user(request, _("Done."), level=messages.SUCCESS)
    url = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_change", args=[obj.pk])
    return HttpResponseRedirect(url)
