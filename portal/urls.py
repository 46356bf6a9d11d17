"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from access.api.schema import Schema
from portal.health import healthz
from portal.screens import (
    account,
    codes,
    consent,
    departure,
    enrol,
    erasure,
    home,
    living,
    lost,
    pin,
    reading,
    record,
    sharing,
    visitors,
)
from portal.screens.desk import beside, cards, importing

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
    path("ways/lost/", lost.lost, name="lost"),
    path("ways/pin/", pin.pin, name="pin"),
    path("ways/pin/stop/", pin.stop, name="stop_pin"),
    path("desk/cards/", cards.overview, name="desk_cards"),
    path("desk/cards/learn/", cards.learn, name="desk_cards_learn"),
    path("desk/cards/why/", cards.why, name="desk_cards_why"),
    path("desk/cards/of/<uuid:person>/", cards.person, name="desk_cards_of"),
    path("desk/cards/of/<uuid:person>/add/", cards.add, name="desk_card_add"),
    path("desk/cards/of/<uuid:person>/lost/", cards.lost, name="desk_card_lost"),
    path("desk/cards/of/<uuid:person>/lend/", cards.lend, name="desk_pin_lend"),
    path("desk/cards/of/<uuid:person>/await/", cards.await_card, name="desk_card_await"),
    path("desk/cards/awaited/<uuid:waits>/", cards.awaited, name="desk_card_awaited"),
    path("desk/cards/awaited/<uuid:waits>/call-off/", cards.call_off, name="desk_card_call_off"),
    path("desk/cards/back/<uuid:card>/", cards.give_back, name="desk_card_back"),
    path("desk/cards/beside/", beside.overview, name="desk_beside"),
    path("desk/cards/beside/<uuid:gate>/", beside.marks, name="desk_beside_marks"),
    path("desk/cards/beside/<uuid:gate>/begin/", beside.begin, name="desk_beside_begin"),
    path("desk/cards/beside/<uuid:gate>/switch-over/", beside.switch_over, name="desk_switch_over"),
    path("desk/cards/mark/<uuid:mark>/", beside.mark, name="desk_beside_mark"),
    path("desk/cards/mark/<uuid:mark>/add/", beside.add, name="desk_beside_add"),
    path("desk/import/", importing.overview, name="desk_import"),
    path(
        "desk/import/template.zh.csv", importing.template, {"language": "zh"}, name="desk_import_template_zh"
    ),
    path(
        "desk/import/template.en.csv", importing.template, {"language": "en"}, name="desk_import_template_en"
    ),
    path("desk/import/<uuid:imported>/", importing.imported, name="desk_import_shown"),
    path("desk/import/<uuid:imported>/apply/", importing.apply, name="desk_import_apply"),
    path("desk/import/<uuid:imported>/undo/", importing.undo, name="desk_import_undo"),
    path("desk/import/<uuid:imported>/drop/", importing.drop, name="desk_import_drop"),
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
    # One door for everybody, where guessing is slowed.
    path("admin/login/", RedirectView.as_view(pattern_name="sign_in", query_string=True)),
    path("admin/", admin.site.urls),
    path("api/gate/v1/", include("access.api.urls")),
    path("api/schema/", Schema.as_view(), name="api-schema"),
]

handler500 = "portal.outages.went_wrong"
