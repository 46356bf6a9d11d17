"""Refusals of the public API, in the shape that all of ours have (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone

View = Callable[..., HttpResponse]


class Problem(Exception):
    def __init__(self, code: str, status: int, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.status, self.detail, self.retry_after = code, status, detail, retry_after

    def answer(self) -> HttpResponse:
        body = {
            "type": f"urn:linmen:problem:{self.code}",
            "title": self.code.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "server_time": timezone.now(),
        }
        response = JsonResponse(body, status=self.status, content_type="application/problem+json")
        # What is not there may be there in a moment: no cache is to say otherwise.
        response["Cache-Control"] = "no-store"
        if self.retry_after is not None:
            response["Retry-After"] = str(self.retry_after)
        return response


def answers(*methods: str) -> Callable[[View], View]:
    """A view for these methods, whose problems are answered in one shape."""

    def decorate(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    raise Problem("method-not-allowed", 405, f"Ask with {' or '.join(methods)}.")
                return view(request, *args, **kwargs)
            except Problem as problem:
                response = problem.answer()
                if problem.status == 405:
                    response["Allow"] = ", ".join(methods)
                return response

        return asked  # type: ignore[return-value]

    return decorate
