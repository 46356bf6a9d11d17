"""The API's description (OpenAPI): open in a demo and while developing, else for staff."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class _DemoOrStaff(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(settings.DEBUG or settings.DEMO or getattr(request.user, "is_staff", False))


class Schema(SpectacularAPIView):
    authentication_classes = (SessionAuthentication,)
    permission_classes = (_DemoOrStaff,)
