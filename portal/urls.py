"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from access.api.schema import Schema
from portal.health import healthz
from portal.screens import (
    account,
    claiming,
    codes,
    consent,
    departure,
    enrol,
    erasure,
    home,
    living,
    lost,
    my_account,
    my_papers,
    pin,
    reading,
    record,
    retention,
    sharing,
    visitors,
)

register_converter(consent.PurposeConverter, "purpose")

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("", home.home, name="home"),
    path("claim/", claiming.claim, name="claim"),
    path("claim/put-away/", claiming.put_away, name="put_letter_away"),
    path("claim/instead/", claiming.instead, name="claim_instead"),
    path("recover/", claiming.recover, name="recover"),
    # What the square on a letter says. No proxy should write this address down: docs/adr/0015-…
    path("l/<str:code>/", claiming.scanned, name="letter"),
    path("account/", my_account.account, name="account"),
    path("account/password/", my_account.change_password, name="change_password"),
    path("account/sessions/end/", my_account.end_sessions, name="end_sessions"),
    path("account/mail/keep/", my_account.keep_at_desk, name="keep_my_mail"),
    path("account/mail/send/", my_account.send_by_mail, name="send_my_mail"),
    path("account/letter/stop/", my_account.stop_letter, name="stop_letter"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path("language/", reading.speak, name="set_language"),
    path("text-size/", reading.text_size, name="text_size"),
    path("decisions/", consent.consents, name="consents"),
    path("decisions/<purpose:purpose>/", consent.consent, name="consent"),
    path("decisions/<purpose:purpose>/decide/", consent.decide, name="decide"),
    path("decisions/<purpose:purpose>/stop/", consent.withdraw, name="withdraw"),
    path("decisions/papers/<uuid:paper>/stop/", my_papers.stop, name="stop_paper"),
    path("ways/qr/", codes.code, name="qr"),
    path("ways/qr/new/", codes.new, name="new_qr"),
    path("ways/qr/stop/", codes.stop, name="stop_qr"),
    path("ways/qr/picture/", codes.picture, name="qr_picture"),
    path("visitors/", visitors.visitors, name="visitors"),
    path("visitors/new/", visitors.invite, name="invite"),
    path("visitors/one-trip/", visitors.courier, name="courier"),
    path("visitors/<uuid:visit>/", visitors.visit, name="visit"),
    path("visitors/<uuid:visit>/picture/", visitors.picture, name="visit_picture"),
    path("visitors/<uuid:visit>/end/", visitors.end, name="end_visit"),
    path("enrol/", enrol.enrol, name="enrol"),
    path("enrol/<uuid:enrolment>/", enrol.enrolment, name="enrolment"),
    path("enrol/<uuid:enrolment>/cancel/", enrol.cancel, name="cancel_enrolment"),
    path("deletions/", erasure.erasures, name="erasures"),
    path("deletions/<uuid:order>/", erasure.erasure, name="erasure"),
    path("sharing/<uuid:asked>/", sharing.sharing, name="sharing"),
    path("sharing/<uuid:asked>/answer/", sharing.answer, name="answer"),
    path("record/", record.record, name="record"),
    path("retention/", retention.schedule, name="retention"),
    path("ways/lost/", lost.lost, name="lost"),
    path("ways/pin/", pin.pin, name="pin"),
    path("ways/pin/stop/", pin.stop, name="stop_pin"),
    path("living/", living.household, name="household"),
    path("living/leave/", living.leave, name="leave"),
    path("living/leave/<uuid:plan>/call-off/", living.call_off, name="call_off"),
    path("living/stay/<uuid:occupancy>/", living.stay, name="stay"),
    path("living/put-right/", living.put_right, name="put_right"),
    path("living/helpers/", living.name_helper, name="name_helper"),
    path("living/helpers/<uuid:helper>/end/", living.end_helper, name="end_helper"),
    path("living/ask/<uuid:occupancy>/", living.ask, name="ask_departure"),
    path("living/notices/<uuid:departure>/", departure.departure, name="departure"),
    path("living/notices/<uuid:departure>/answer/", departure.answer_departure, name="answer_departure"),
    path("desk/", include("portal.screens.desk.urls")),
    # One door for everybody, where guessing is slowed.
    path("admin/login/", RedirectView.as_view(pattern_name="sign_in", query_string=True)),
    path("admin/", admin.site.admin_view(retention.desk)),
    path("admin/retention/", admin.site.admin_view(retention.report), name="retention_report"),
    path("admin/", admin.site.urls),
    path("api/gate/v1/", include("access.api.urls")),
    path("api/schema/", Schema.as_view(), name="api-schema"),
]

handler500 = "portal.outages.went_wrong"
