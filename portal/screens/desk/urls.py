"""The desk's addresses. Each task is one address; with a person chosen, one more."""

from __future__ import annotations

from django.urls import path

from portal.screens.desk import entrance, finding, lost, moving_in, paper, shut_gate, tasks, visiting

urlpatterns = [
    path("", tasks.tasks, name="desk"),
    path("neighborhood/", entrance.take_in_hand, name="desk_take_in_hand"),
    path("find/", finding.find, name="desk_find"),
    path("lost/", finding.find, {"task": "lost"}, name="desk_lost"),
    path("visitor/", finding.find, {"task": "visitor"}, name="desk_visitor"),
    path("people/<uuid:person>/", finding.person, name="desk_person"),
    path("people/<uuid:person>/look-up/", finding.look_up, name="desk_look_up"),
    path("people/<uuid:person>/slip/", finding.slip, name="desk_person_slip"),
    path("people/<uuid:person>/lost/", lost.lost, name="desk_lost_of"),
    path("people/<uuid:person>/pin/", lost.hand_out, name="desk_pin_of"),
    path("people/<uuid:person>/visitor/", visiting.visitor, name="desk_visitor_of"),
    path("new/", moving_in.newcomer, name="desk_new"),
    path("gates/", shut_gate.choose, name="desk_gates"),
    path("gates/<uuid:gate>/", shut_gate.gate, name="desk_gate"),
    path("events/<uuid:event>/", shut_gate.passer, name="desk_event"),
    path("paper/", paper.paper, name="desk_paper"),
    path("paper/request/", paper.request_form, name="desk_paper_request"),
    path("paper/forms/<uuid:form>/", paper.notice, name="desk_paper_notice"),
]
