"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from portal.health import healthz

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
]
