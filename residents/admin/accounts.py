"""Accounts on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from residents import accounts
from residents.desk import OPERATOR, holds
from residents.desk_lists import BoundedPaginator, spellings
from residents.models import Resident, User


class AccountForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "language")


@admin.register(User)
class AccountAdmin(UserAdmin[User]):
    """Accounts for staff who do not live here, by who runs the system. A resident's own account is nobody's to touch:
    whoever could set its password could say yes in their place."""

    add_form = AccountForm
    list_display = ("username", "is_staff", "is_active", "date_joined")
    list_filter = ()
    search_fields = ("username",)  # see `get_search_results`
    search_help_text = _(
        "By the name in full. Without one: those for work, and those that nobody has used yet."
    )
    paginator = BoundedPaginator
    show_full_result_count = False
    sortable_by = ()
    ordering = ("username",)
    filter_horizontal = ()
    actions = None
    fieldsets = ((None, {"fields": ("username", "password", "language", "is_active")}),)
    add_fieldsets = (
        (None, {"fields": ("username", "language", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        theirs = Resident.objects.filter(user=OuterRef("pk"))
        found = super().get_queryset(request).filter(~Exists(theirs))
        return found if self.has_view_permission(request) else found.none()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Any of them by its name in full: nobody tries beginnings. Without one, those that are used for work or that nobody
        has used yet: an index knows them."""
        term = search_term.strip()
        if term:
            return queryset.filter(username__in=spellings(term)), False
        return queryset.filter(Q(is_staff=True) | Q(is_superuser=True) | Q(last_login=None)), False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Inside the page's own transaction: who closed an account of somebody in office is written down."""
        accounts.acting(request.user if isinstance(request.user, User) else None)
        super().save_model(request, obj, form, change)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return holds(request, (OPERATOR,))

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False
