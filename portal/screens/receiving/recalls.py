"""What a recipient is to delete, and its signed word that it is gone."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.screens.receiving.entrance import (
    NOT_SIGNED,
    RecipientRequest,
    SignatureForm,
    page,
    recipient_only,
    signing,
)
from sharing import recalls
from sharing.models import Recall

SHOWN = 100

REFUSED = {
    **NOT_SIGNED,
    "no_key": gettext_lazy(
        "You have no confirmed key to sign with. Give us one first, and have it confirmed."
    ),
}


@require_safe
@recipient_only
def recall(request: RecipientRequest, recall: UUID) -> HttpResponse:
    return _page(request, _asked(request, recall), SignatureForm())


@require_POST
@recipient_only
def confirm(request: RecipientRequest, recall: UUID) -> HttpResponse:
    asked = _asked(request, recall)
    form = SignatureForm(request.POST)
    if form.is_valid():
        try:
            recalls.confirm(
                recall=asked,
                account=request.account,
                signature=form.cleaned_data["signature"],
                at=timezone.now(),
            )
        except recalls.ConfirmationRefused as refused:
            form.add_error("signature", str(REFUSED[refused.reason]))
        else:
            messages.success(request, _("Your confirmation is written down. Thank you."))
            return redirect("recall", asked.pk)
    return _page(request, asked, form)


@require_safe
@recipient_only
def tags(request: RecipientRequest, recall: UUID) -> HttpResponseBase:
    """All of them as a file, one a line."""
    asked = _asked(request, recall)
    lines = (f"{tag}\n" for tag in recalls.tags(asked).iterator(chunk_size=recalls.AT_ONCE))
    return StreamingHttpResponse(
        lines,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="linmen-tags-{str(asked.pk)[:8]}.txt"'},
    )


def _page(request: RecipientRequest, asked: Recall, form: SignatureForm) -> HttpResponse:
    at, text = timezone.now(), recalls.text_of(asked)
    count = asked.lines.count()
    context = {
        "recall": asked,
        "because": asked.get_because_display(),
        "form": form,
        "tags": list(recalls.tags(asked)[:SHOWN]),
        "more": max(0, count - SHOWN),
        "count": count,
        "file": f"linmen-{str(asked.copy_id)[:8]}",
        "state": {
            "confirmed": recalls.is_confirmed(asked),
            "late": recalls.is_late(asked, at),
            "due_at": asked.due_at,
        },
        "returning": asked.because == Recall.Because.CONTRACT,
        "command": signing(text),
    }
    return page(request, "recall.html", context)


def _asked(request: RecipientRequest, recall: UUID) -> Recall:
    """Of this recipient; of another one there is no such page."""
    found = recalls.asked_of(request.account.recipient).select_related("confirmation", "copy")
    return get_object_or_404(found, pk=recall)
