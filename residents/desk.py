"""The staff desk: Django admin, in which everybody sees their own neighborhoods and nothing besides.

Each room's `admin.py` says which permission lets somebody see, add or change its rows; everything else is kept here.
Django's own model permissions decide nothing. A superuser reaches every neighborhood and is masked like everybody.
Nothing is deleted here, filters take only what a page offers, and the history keeps ids and names of fields (law 6).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DatabaseError
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents.acts import Act, view_of
from residents.desk_lists import BoundedPaginator
from residents.laws import BROKEN
from residents.laws import refused_by_law as refused_by_law
from residents.models import Neighborhood
from residents.scope import held

M = TypeVar("M", bound=Model)

# Not a permission that a role grants: what only who runs the system may do, such as opening a neighborhood.
OPERATOR = "operator"

admin.site.site_header = admin.site.site_title = gettext_lazy("Linmen staff desk")
admin.site.index_title = gettext_lazy("Your neighborhoods")


def moment(request: HttpRequest) -> datetime:
    """The time of this request: read once, so that one page has one answer."""
    at: datetime = request.__dict__.setdefault("_desk_moment", timezone.now())
    return at


def reach(request: HttpRequest, perms: Iterable[str]) -> frozenset[UUID] | None:
    """The neighborhoods in which the reader holds any of these permissions; None is every neighborhood.

    Two queries for each request, however many permissions it asks about.
    """
    user = request.user
    if not user.is_active or getattr(user, "without_second_step", False):
        return frozenset()
    if user.is_superuser:
        return None
    known: dict[UUID, frozenset[str]] | None = request.__dict__.get("_desk_reach")
    if known is None:
        every = dict(Neighborhood._meta.permissions)
        # Made-up people do not stand among real ones: practice is at the desk above the admin.
        known = request.__dict__["_desk_reach"] = {
            where.pk: which
            for where, which in held(user, every, moment(request)).items()
            if not where.practice
        }
    return frozenset(where for where, which in known.items() if not which.isdisjoint(perms))


def holds(request: HttpRequest, perms: Sequence[str], neighborhood: UUID | None = None) -> bool:
    """Whether the reader holds any of these permissions: there, or anywhere. No permissions: nobody, superusers too."""
    if not perms:
        return False
    where = reach(request, perms)
    return where is None or (bool(where) if neighborhood is None else neighborhood in where)


def within(queryset: QuerySet[M], where: frozenset[UUID] | None, through: str) -> QuerySet[M]:
    return queryset if where is None else queryset.filter(**{f"{through}__in": where})


def path_to_neighborhood(model: type[Model]) -> str:
    """How a model says where it belongs. A model that cannot say has no place on a scoped page."""
    if model is Neighborhood:
        return "pk"
    if any(field.name == "neighborhood" for field in model._meta.get_fields()):
        return "neighborhood"
    raise ImproperlyConfigured(f"{model._meta.label} does not say which neighborhood it belongs to")


class ScopedFilter(RelatedFieldListFilter):
    """A filter by a related row that offers only rows within reach."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        assert isinstance(model_admin, ScopedAdmin)
        where = reach(request, model_admin.view_perms)
        target = field.remote_field.model
        limit = {} if where is None else {f"{path_to_neighborhood(target)}__in": where}
        choices: list[tuple[str, Any]] = field.get_choices(
            include_blank=False,
            ordering=self.field_admin_ordering(field, request, model_admin),
            limit_choices_to=limit,
        )
        return choices


class ScopedForm(forms.ModelForm[Any]):
    """Checks every constraint of the model, those over fields that the form does not show included."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, AdminSplitDateTime):  # one label for two boxes says nothing of either
                for part, what in zip(field.widget.widgets, (_("day"), _("time of day")), strict=True):
                    part.attrs["aria-label"] = f"{field.label}: {what}"

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            self.instance.validate_constraints()
        except ValidationError as refused:
            # A constraint may blame a field that this form does not show.
            self.add_error(None, refused.messages)


class _Scoped:
    """What pages and the tables within them have in common."""

    write_perms: ClassVar[tuple[str, ...]] = ()

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        target = db_field.remote_field.model
        where = reach(request, self.write_perms)
        kwargs["queryset"] = within(target._default_manager.all(), where, path_to_neighborhood(target))
        field: forms.ModelChoiceField[Any] | None = super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        if field is not None and target is Neighborhood and where is not None and len(where) == 1:
            field.initial = next(iter(where))
        return field

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        for shortcut in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, shortcut):
                setattr(field.widget, shortcut, False)
        return field


class ScopedAdmin(_Scoped, admin.ModelAdmin[M]):
    """One kind of row on the desk. Permissions are codenames of Neighborhood; none named means nobody may."""

    view_perms: ClassVar[tuple[str, ...]] = ()
    add_perms: ClassVar[tuple[str, ...]] = ()
    change_perms: ClassVar[tuple[str, ...]] = ()
    acts: tuple[Act[M], ...] = ()
    # What the domain raises when somebody else was faster than the form's own checks.
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    form = ScopedForm
    actions = None
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    # By its own order alone, which an index holds: any other would be made anew from all rows for each page.
    sortable_by = ()
    view_on_site = False
    # What a reader may put into the address besides what `list_filter` offers.
    _filter_forms = ("", "__exact", "__isnull", "__id__exact", "__gte", "__lt")

    @property
    def write_perms(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.add_perms, *self.change_perms)

    # --- who may

    def neighborhood_of(self, obj: M) -> UUID:
        if isinstance(obj, Neighborhood):
            return obj.pk
        found: UUID = obj.neighborhood_id  # type: ignore[attr-defined]
        return found

    def allows(self, request: HttpRequest, perms: Sequence[str], obj: M | None) -> bool:
        return holds(request, perms, None if obj is None else self.neighborhood_of(obj))

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.allows(request, self.view_perms, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, self.add_perms, None)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.allows(request, self.change_perms, obj)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # --- what they see

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        where = reach(request, self.view_perms)
        return within(super().get_queryset(request), where, path_to_neighborhood(self.model))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the page's own filters send: `?phone_index__startswith=` would ask what is masked."""
        offered = [
            getattr(entry, "parameter_name", entry[0] if isinstance(entry, tuple | list) else entry)
            for entry in self.list_filter
        ]
        return lookup in {f"{name}{form}" for name in offered for form in self._filter_forms}

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.name

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        """Nothing moves to another neighborhood."""
        moved = () if obj is None or path_to_neighborhood(self.model) == "pk" else ("neighborhood",)
        return [*super().get_readonly_fields(request, obj), *moved]

    # --- what they do

    def get_urls(self) -> list[URLPattern]:
        names = self.opts.app_label, self.opts.model_name
        return [
            path(
                f"<uuid:object_id>/{act.slug}/",
                self.admin_site.admin_view(view_of(act, self)),
                name="{}_{}_{}".format(*names, act.slug.replace("-", "_")),
            )
            for act in self.acts
        ] + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        context["acts"] = [
            act
            for act in self.acts
            if obj is not None and self.allows(request, act.perms, obj) and act.when(obj)
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        refusals: tuple[type[Exception], ...] = (DatabaseError, *self.refusals)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except refusals as error:
            if isinstance(error, DatabaseError) and not refused_by_law(error):
                raise
            self.message_user(request, str(BROKEN), level=messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    # --- what is remembered of it

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> LogEntry:
        return self._log(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> LogEntry:
        return self._log(request, obj, CHANGE, message)

    def _log(self, request: HttpRequest, obj: M, flag: int, message: Any) -> LogEntry:
        assert request.user.pk is not None
        return LogEntry.objects.create(
            user_id=request.user.pk,
            content_type=ContentType.objects.get_for_model(obj),
            object_id=str(obj.pk),
            object_repr=f"{self.opts.model_name} {str(obj.pk)[:8]}",  # __str__ may be a name one day
            action_flag=flag,
            change_message=json.dumps(message) if isinstance(message, list) else message,
        )


class ScopedInline(_Scoped, admin.StackedInline[Any, Any]):
    """Rows within another row's page. What may be done with them is what may be done with that page."""

    form = ScopedForm
    extra = 0
    can_delete = False

    def _page(self) -> ScopedAdmin[Any]:
        page = self.admin_site.get_model_admin(self.parent_model)
        assert isinstance(page, ScopedAdmin)
        return page

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._page().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:  # type: ignore[override]
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._page().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def add_act(model: type[M], act: Act[M]) -> None:
    """Offer a further act on a page of another room: a card is issued on the resident's page, and known to `access`."""
    page = admin.site.get_model_admin(model)
    assert isinstance(page, ScopedAdmin)
    page.acts = (*page.acts, act)
