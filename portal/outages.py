"""A part that does not answer for a while (Redis, a database) is an outage with a way out, not a bare error.

Django calls its `handler500` for whatever no view and no middleware caught. That is the one place where an outage becomes a
page: views do not try and catch one by one, and what could not be counted, looked up or written has not been done.
"""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

AWAY = (RedisError, OperationalError, InterfaceError, BrokerError)
RETRY_SECONDS = 30


@requires_csrf_token
def went_wrong(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], AWAY):
        answer = render(None, "503.html", status=503)
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    return server_error(request)
