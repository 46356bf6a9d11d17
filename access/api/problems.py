"""Refusals in one shape (RFC 9457), with the server's time; signed once we know whom we refuse."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.utils import timezone
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response

logger = logging.getLogger(__name__)

# A database or a memory that does not answer just now. `psycopg`'s own comes where Django does not stand between.
UNAVAILABLE = (OperationalError, psycopg.OperationalError, RedisError)
CONTENT_TYPE = "application/problem+json"
_CODES = {
    400: "malformed",
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "not-json",
    429: "too-many-attempts",
}


class Problem(exceptions.APIException):
    """`more` goes into the body, `device` and `request` only of whom we know."""

    def __init__(self, code: str, status: int, detail: str, *, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.problem = code
        self.more = dict(more or {})


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """For the views of this API. What nobody foresaw is left to fail loudly."""
    shaped = shape(error)
    if shaped is None:
        return None
    status, body, headers = shaped
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def shape(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]] | None:
    """Status, body and headers of the answer; None for what nobody foresaw."""
    headers: dict[str, str] = {}
    more: dict[str, Any] = {}
    if isinstance(error, Problem):
        code, status, detail, more = error.problem, error.status_code, str(error.detail), error.more
    elif isinstance(error, exceptions.ValidationError):
        code, status, detail = "malformed", 400, "The body does not say what it should."
        more = {"errors": error.detail}
    elif isinstance(error, exceptions.APIException):
        status, detail = error.status_code, str(error.detail)
        code = _CODES.get(status, "refused")
    elif isinstance(error, Http404):
        code, status, detail = "not-found", 404, "There is nothing here."
    elif isinstance(error, PermissionDenied):
        code, status, detail = "forbidden", 403, "Not allowed."
    elif isinstance(error, UNAVAILABLE):
        logger.exception("a gate could not be served")
        code, status, detail = "unavailable", 503, "Try again later."
        headers["Retry-After"] = "10"
    else:
        return None
    if status == 401:
        headers["WWW-Authenticate"] = "Signature"
    if "retry_after" in more:
        headers["Retry-After"] = str(more["retry_after"])
    body = {
        "type": f"urn:linmen:problem:{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "server_time": timezone.now(),
        **more,
    }
    return status, body, headers
