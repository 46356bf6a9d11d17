"""One list, for whoever holds a token."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user
from rest_framework import filters, serializers, viewsets
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import DefaultRouter

from benchmarks.usual.models import Way


class ObjectPermissionsFilter(filters.BaseFilterBackend):
    """As djangorestframework-guardian has it."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Way], view: Any) -> QuerySet[Way]:
        return get_objects_for_user(  # type: ignore[no-any-return]
            request.user, "usual.view_way", queryset, accept_global_perms=False
        )


class UpdatedSince(filters.BaseFilterBackend):
    def filter_queryset(self, request: Any, queryset: QuerySet[Way], view: Any) -> QuerySet[Way]:
        since = request.query_params.get("updated_at")
        return queryset.filter(updated_at__gt=since) if since else queryset


class WaySerializer(serializers.ModelSerializer[Way]):
    class Meta:
        model = Way
        fields = ("id", "digest", "valid_until", "updated_at")


class WayViewSet(viewsets.ModelViewSet[Way]):
    queryset = Way.objects.all()
    serializer_class = WaySerializer
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    filter_backends = (ObjectPermissionsFilter, UpdatedSince)


router = DefaultRouter()
router.register("ways", WayViewSet)
urlpatterns = router.urls
