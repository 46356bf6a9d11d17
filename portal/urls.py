"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from access.api.schema import Schema
from portal.health import healthz

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("api/gate/v1/", include("access.api.urls")),
    path("api/schema/", Schema.as_view(), name="api-schema"),
    path("language/", include("django.conf.urls.i18n")),
]
