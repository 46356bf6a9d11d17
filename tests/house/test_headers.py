"""Every answer says where scripts may come from."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import RequestFactory

from portal.headers import ContentSecurityPolicy


def test_nothing_inline_and_nothing_from_elsewhere():
    answer = ContentSecurityPolicy(lambda request: HttpResponse())(RequestFactory().get("/"))
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
