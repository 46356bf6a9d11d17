"""For who has no account and stands at the desk: what the website would have told them, on a slip. There is no list."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from consent import telling
from portal.screens import told
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, capacity, person_or_404, staff_only


@require_POST
@staff_only("manage_register")
def hand_over(request: StaffRequest, person: UUID) -> HttpResponse:
    found = person_or_404(request, person)
    try:
        notices = telling.hand_over(
            resident=found, by=request.user, capacity=capacity(request, "manage_register"), at=request.at
        )
    except telling.HasAccount:
        messages.info(request, _("They have an account, and read it on their own page."))
        return redirect("desk_person", person=found.pk)
    if not notices:
        messages.info(request, _("There is nothing to tell them."))
        return redirect("desk_person", person=found.pk)

    def build() -> slips.Slip:
        said = [told.words(notice) for notice in notices]
        return slips.Slip(
            title=_("About a consent of yours"),
            done=[title for title, _text in said],
            next=[text for _title, text in said] + [_("To read the form, ask at the desk for a copy.")],
        )

    return slips.show(request, build, of=found)
