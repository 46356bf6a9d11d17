"""Bringing in a list: upload, every line's fate before anything is written, progress, result, undoing.

The file is held in memory for the one request that reads it. Whoever uploaded it sees its lines in the clear until they
are written, for they have the file; from then on, and to everybody else, names are masked as on every page of the desk.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.importing_lines import page_of_lines
from portal.screens.desk.importing_state import shown
from portal.uploads import too_large
from residents import effects
from residents.importing import applying, life, packing, undoing, uploading, words
from residents.importing.refusals import FileRefused, ImportRefused
from residents.models import Import, Neighborhood

LATEST = 20
TEMPLATE = {
    "zh": "楼栋,单元,房号,建筑面积,姓名,手机号,身份,入住日期,出生日期,门禁卡号\r\n"
    "1,1,101,89.50,柳小岸,0571 8800 0000,业主,2019-03-05,,0012345678\r\n",
    "en": "building,entrance,room,area,name,phone,as what,since,born,card\r\n"
    "1,1,101,89.50,Liu Xiaoan,0571 8800 0000,owner,2019-03-05,,0012345678\r\n",
}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("The list"),
        help_text=gettext_lazy("A spreadsheet (.xlsx) or CSV, up to 10 MB and 20,000 lines."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose the file with the list.")},
    )
    make_dwellings = forms.BooleanField(
        label=gettext_lazy("Make dwellings that are missing"),
        help_text=gettext_lazy("Without it, a line for a dwelling that is not on the register is refused."),
        required=False,
    )
    gates = forms.MultipleChoiceField(
        label=gettext_lazy("Open these gates for the dwellings of the list"),
        help_text=gettext_lazy("At every hour. Gates that open for a dwelling already are left as they are."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    sheet = forms.CharField(
        label=gettext_lazy("Which sheet"),
        help_text=gettext_lazy("Only if several sheets of the file would fit."),
        max_length=60,
        required=False,
    )

    def __init__(self, *args: Any, neighborhood: Neighborhood, with_gates: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gates = effects.call("gates_of", neighborhood=neighborhood) if with_gates else []
        if gates:
            self.fields["gates"].choices = [(str(gate), name) for gate, name in gates]  # type: ignore[attr-defined]
        else:
            del self.fields["gates"]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("manage_register", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    here, with_gates = request.neighborhood, "manage_access" in request.rights
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, neighborhood=here, with_gates=with_gates)
    if form.is_bound:
        answer = _uploaded(request, here, form)
        if answer is not None:
            return answer
    return render(
        request,
        "desk/import.html",
        {
            "form": form,
            "imports": [shown(each, at=request.at) for each in _latest(here)],
        },
    )


def _latest(here: Neighborhood) -> list[Import]:
    return list(Import.objects.filter(neighborhood=here).order_by("-created_at")[:LATEST])


def _uploaded(request: StaffRequest, here: Neighborhood, form: UploadForm) -> HttpResponse | None:
    """Where to go; or nothing, and the form says why."""
    if "file" in too_large(request):
        form.errors.pop("file", None)
        form.add_error("file", _file_words(FileRefused("too_large", most=packing.FILE_BYTES // 1024 // 1024)))
    if not form.is_valid():
        return None
    given = form.cleaned_data
    try:
        source = uploading.dry_run(
            neighborhood=here,
            by=request.user,
            content=given["file"].read(),
            make_dwellings=given["make_dwellings"],
            gates=[UUID(gate) for gate in given.get("gates", ())],
            sheet=given["sheet"],
            at=request.at,
        )
    except FileRefused as why:
        form.add_error("file", _file_words(why))
        return None
    except ImportRefused as why:
        form.add_error(None, str(words.STANDSTILLS[why.reason]))
        return None
    return redirect("desk_import_shown", source.pk)


def _file_words(why: FileRefused) -> str:
    return str(words.FILES[why.reason]) % why.told


@require_safe
@staff_only("manage_register", real=True)
def template(request: StaffRequest, language: str) -> HttpResponse:
    """With a byte order mark, without which Excel takes it for GBK."""
    return HttpResponse(
        "\ufeff" + TEMPLATE[language],
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="linmen-residents.csv"'},
    )


@require_safe
@staff_only("manage_register", real=True)
def imported(request: StaffRequest, imported: UUID) -> HttpResponse:
    source = _found(request, imported)
    clear = source.by_id == request.user.pk and source.state == Import.State.PLANNED
    return render(
        request,
        "desk/import_shown.html",
        {
            "import": shown(source, at=request.at, wholly=True),
            "lines": page_of_lines(
                source, fate=request.GET.get("fate", ""), page=request.GET.get("page", "1"), clear=clear
            ),
        },
    )


@require_POST
@staff_only("manage_register", real=True)
def apply(request: StaffRequest, imported: UUID) -> HttpResponse:
    source = _found(request, imported)
    try:
        applying.begin(source=source, by=request.user, at=request.at)
    except ImportRefused as why:
        messages.warning(request, str(words.STANDSTILLS[why.reason]))
    return redirect("desk_import_shown", source.pk)


@require_POST
@staff_only("manage_register", real=True)
def undo(request: StaffRequest, imported: UUID) -> HttpResponse:
    source = _found(request, imported)
    try:
        undoing.begin(source=source, by=request.user, at=request.at)
    except ImportRefused as why:
        messages.warning(request, str(words.STANDSTILLS[why.reason]))
    return redirect("desk_import_shown", source.pk)


@require_POST
@staff_only("manage_register", real=True)
def drop(request: StaffRequest, imported: UUID) -> HttpResponse:
    """Nothing was written and nothing will be: what was kept of the list is forgotten at once."""
    source = _found(request, imported)
    if source.state == Import.State.PLANNED and life.forget(imported=source.pk, at=request.at):
        messages.success(request, _("Dropped. Nothing of the list is kept."))
    return redirect("desk_import")


def _found(request: StaffRequest, imported: UUID) -> Import:
    return get_object_or_404(Import, pk=imported, neighborhood=request.neighborhood)
