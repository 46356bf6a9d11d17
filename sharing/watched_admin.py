"""Pages whose acts take somebody in office: whoever tries without a term in force is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from residents.acts import Act, view_of
from residents.desk import ScopedAdmin, holds, moment
from residents.models import User
from sharing import speaking
from sharing.contracts_admin import REFUSED
from sharing.models import Request

M = TypeVar("M", bound=Model)


class WatchedAdmin(ScopedAdmin[M]):
    def asked_by(self, object_id: UUID) -> Request | None:
        """What that row asks for."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        names = self.opts.app_label, self.opts.model_name
        return [
            path(
                f"<uuid:object_id>/{act.slug}/",
                self.admin_site.admin_view(self._watched(act)),
                name="{}_{}_{}_watched".format(*names, act.slug),
            )
            for act in self.acts
        ] + super().get_urls()

    def _watched(self, act: Act[M]) -> Callable[..., HttpResponse]:
        """Whoever tries without a term in force is refused like everywhere, and here it is written down too (A2, 28)."""
        view = view_of(act, self)

        def watched(request: HttpRequest, object_id: UUID) -> HttpResponse:
            asked = self.asked_by(object_id)
            if (
                request.method == "POST"
                and asked is not None
                and not holds(request, act.perms, asked.neighborhood_id)
            ):
                assert isinstance(request.user, User)
                speaking.refusal(act=act.slug, reason="office", by=request.user, on=asked, at=moment(request))
                if asked.reviews.filter(by=request.user).exists():
                    return self._out_of_office(request, act, asked)  # they read it while they were in office
            return view(request, object_id)

        return watched

    def _out_of_office(self, request: HttpRequest, act: Act[M], asked: Request) -> HttpResponse:
        form = forms.Form({})
        form.add_error(None, REFUSED["office"])
        context = {
            **self.admin_site.each_context(request),
            "act": act,
            "form": form,
            "title": act.label,
            "opts": self.opts,
            "original": asked,
        }
        return TemplateResponse(request, "admin/act.html", context, status=403)
