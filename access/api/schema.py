"""The API's description (OpenAPI): open in a demo and while developing, else for staff."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from access.api import serializers


class _DemoOrStaff(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(settings.DEBUG or settings.DEMO or getattr(request.user, "is_staff", False))


class Schema(SpectacularAPIView):
    authentication_classes = (SessionAuthentication,)
    permission_classes = (_DemoOrStaff,)


class StrictShape(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """What is not asked for is refused, and the description says so."""

    target_class = serializers.Strict
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**shape, "additionalProperties": False}
