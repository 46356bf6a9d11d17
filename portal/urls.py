"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from access.api.schema import Schema
from portal.health import healthz
from portal.screens import account, consent, enrol, erasure, home, reading, record, retention, sharing

register_converter(consent.PurposeConverter, "purpose")

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("", home.home, name="home"),
    path("claim/", account.claim, name="claim"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path("language/", reading.speak, name="set_language"),
    path("text-size/", reading.text_size, name="text_size"),
    path("decisions/", consent.consents, name="consents"),
    path("decisions/<purpose:purpose>/", consent.consent, name="consent"),
    path("decisions/<purpose:purpose>/decide/", consent.decide, name="decide"),
    path("decisions/<purpose:purpose>/stop/", consent.withdraw, name="withdraw"),
    path("enrol/", enrol.enrol, name="enrol"),
    path("enrol/<uuid:enrolment>/", enrol.enrolment, name="enrolment"),
    path("enrol/<uuid:enrolment>/cancel/", enrol.cancel, name="cancel_enrolment"),
    path("deletions/", erasure.erasures, name="erasures"),
    path("deletions/<uuid:order>/", erasure.erasure, name="erasure"),
    path("sharing/<uuid:asked>/", sharing.sharing, name="sharing"),
    path("sharing/<uuid:asked>/answer/", sharing.answer, name="answer"),
    path("record/", record.record, name="record"),
    path("retention/", retention.schedule, name="retention"),
    # One door for everybody, where guessing is slowed.
    path("admin/login/", RedirectView.as_view(pattern_name="sign_in", query_string=True)),
    path("admin/", admin.site.admin_view(retention.desk)),
    path("admin/retention/", admin.site.admin_view(retention.report), name="retention_report"),
    path("admin/", admin.site.urls),
    path("api/gate/v1/", include("access.api.urls")),
    path("api/schema/", Schema.as_view(), name="api-schema"),
]

handler500 = "portal.outages.went_wrong"
