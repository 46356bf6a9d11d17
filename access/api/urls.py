"""Under /api/gate/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from access.api import views

app_name = "gate-api"

urlpatterns = [
    path("pair", views.Pair.as_view(), name="pair"),
    path("feed", views.Feed.as_view(), name="feed"),
    path("keys", views.Keys.as_view(), name="keys"),
    path("receipts", views.Receipts.as_view(), name="receipts"),
    path("events", views.Events.as_view(), name="events"),
    re_path(r"^.*$", views.Nowhere.as_view()),
]
