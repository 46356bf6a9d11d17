"""Accounts on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest

from residents import accounts
from residents.desk import OPERATOR, holds
from residents.models import User


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
    search_fields = ("=username",)
    ordering = ("username",)
    filter_horizontal = ()
    actions = None
    fieldsets = ((None, {"fields": ("username", "password", "language", "is_active")}),)
    add_fieldsets = (
        (None, {"fields": ("username", "language", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found = super().get_queryset(request).filter(resident=None)
        return found if self.has_view_permission(request) else found.none()

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
