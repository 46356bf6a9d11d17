"""Somebody with something on every page: cards, codes and visitors, a child and a helper, a question and a notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from access import cards, enrolment, gates, passes, pins, qr, rules
from access.models import Enrolment
from committees import assigning, counting
from committees.models import Committee, Term
from consent import receipts, withdrawal
from consent.models import Decision, Form, Purpose
from consent.voices import own
from ledger import checkpoints, sequencing
from portal import certifying
from portal.screens import checking
from residents import ages, departures, lookups, moving, rights, standing_by
from residents.ages import today_in
from residents.models import Neighborhood, Resident, RightsRequest, User
from residents.register import register
from sharing.models import Request
from tests import make
from tests.cast import PASSWORD, staff
from tests.committees import notices, service, voting
from tests.enrolling import agree, two_portraits
from tests.minors.conftest import allow_faces, says
from tests.signing_in import switched_on

ME = "everything"


@dataclass
class Everything:
    me: Resident
    with_codes: User  # who lives with them, and has one-time codes on
    addresses: dict[str, str] = field(default_factory=dict)  # name of an address -> one that is there


def everything(
    here: Neighborhood, forms: Mapping[Purpose, Form], question: Request, clerk: User, *, at: datetime
) -> Everything:
    Neighborhood.objects.filter(pk=here.pk).update(office="1 幢底层", guard_phone="0571 8800 1000")
    me = make.resident(here, at=at)
    partner = make.resident(here, at=at, lives_in=make.home(me))
    assert partner.user is not None
    partner.user.set_password(PASSWORD)
    partner.user.save()
    switched_on(partner.user, at=at)
    found = Everything(me, partner.user)
    _gets_in(found, at)
    allow_faces(here, at=at)
    _decides(found, forms, question, at)
    _has_a_child(found, forms, clerk, at)
    _lives_with(found, partner, clerk, at)
    _asks(found, clerk, at)
    _owns(found, at)
    assert me.user is not None
    me.user.set_password(PASSWORD)
    me.user.save()
    look = lookups.look_up(resident=me, by=clerk, reason="快递放在门卫处", capacity="property.clerk", at=at)
    assert look.resident_id == me.pk
    sequencing.run()
    checkpoints.make()
    slip = Decision.objects.filter(resident=me).first()
    assert slip is not None
    code = checking.code_of(receipts.receipt(slip)["proof"])
    found.addresses |= {"my_slip": f"/record/slips/{slip.pk}/", "check_code": f"/check/{code}/"}
    found.addresses |= {"faces_here": f"/faces/{here.pk}/", "obligation": "/obligations/14/"}
    return found


def _gets_in(found: Everything, at: datetime) -> None:
    me = found.me
    for name, english in (("南门", "South gate"), ("北门地下车库入口", "North gate, by the garage")):
        gate = gates.put_up(
            neighborhood=me.neighborhood,
            name=name,
            name_en=english,
            by_face=True,
            by_qr=True,
            by_pin=True,
            at=at,
        )
        rules.add(gate=gate, unit=make.home(me), at=at)
    cards.issue(resident=me, number="04A2 0001", at=at)
    pins.lend(resident=me, at=at)
    qr.token_for(resident=me, at=at)
    visit = passes.make(
        resident=me,
        gates=passes.gates_for_visitors(resident=me, at=at),
        valid_from=at,
        valid_until=at + timedelta(days=3),
        label="外婆和舅舅来吃饭",
        at=at,
    )
    found.addresses["visit"] = f"/visitors/{visit.pk}/"


def _decides(found: Everything, forms: Mapping[Purpose, Form], question: Request, at: datetime) -> None:
    me = found.me
    assert me.user is not None
    agree(me, forms, at=at)
    order = withdrawal.withdraw(
        resident=me, purpose=Purpose.TEMPLATE_ON_SERVER, voice=own(me.user, "zh-hans"), at=at
    )
    form = forms[Purpose.FACE_AT_GATE]
    found.addresses |= {
        "consent": f"/decisions/{form.purpose}/",
        "consent_history": f"/consents/{form.purpose}/history/",
        "signed_form": f"/consents/forms/{form.pk}/",
        "erasure": f"/deletions/{order.pk}/",
        "certificate": f"/deletions/certificates/{certifying.issue(resident=me, order=order, at=at).pk}/",
        "sharing": f"/sharing/{question.pk}/",
        "enrolment": f"/enrol/{_given_up(me, at).pk}/",
    }


def _has_a_child(found: Everything, forms: Mapping[Purpose, Form], clerk: User, at: datetime) -> None:
    me = found.me
    today = today_in(me.neighborhood, at)
    child = register(neighborhood=me.neighborhood, name="小柳", born=ages.years_before(today, 10))
    moving.move_in(resident=child, unit=make.home(me), since=today, at=at)
    cards.issue(resident=child, number="04A2 0002", at=at)
    guarded = standing_by.verify_guardian(child=child, guardian=me, verified="register", by=clerk, at=at)
    for form in forms.values():
        says(True, me, guarded, form, at=at)
    order = says(False, me, guarded, forms[Purpose.TEMPLATE_ON_SERVER], at=at)
    assert order is not None
    its = f"/living/children/{child.pk}"
    found.addresses |= {
        "child": f"{its}/",
        "child_consent": f"{its}/decisions/{Purpose.FACE_AT_GATE}/",
        "child_erasure": f"{its}/deletions/{order.pk}/",
        "child_lost": f"{its}/lost/",
        "child_sharing": f"{its}{found.addresses['sharing']}",
        "child_enrol": f"{its}/enrol/",
        "child_enrolment": f"{its}/enrol/{_given_up(child, at).pk}/",
        "ask_for_child": f"{its}/requests/delete/",
    }


def _lives_with(found: Everything, partner: Resident, clerk: User, at: datetime) -> None:
    me = found.me
    assert partner.user is not None
    asked = departures.ask(occupancy=me.occupancies.get(), by=partner, words="已经搬走了", at=at)
    second = staff(
        me.neighborhood, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=at
    )
    departures.take_up(departure=asked, by=clerk, at=at)
    departures.bring_document(departure=asked, document="lease", kept_where="3", by=clerk, at=at)
    departures.second(departure=asked, by=second, at=at)
    departures.deliver(departure=asked, by=clerk, at=at)
    helper = standing_by.name_helper(resident=partner, helper=me, by=partner.user, at=at)
    found.addresses |= {
        "departure": f"/living/notices/{asked.pk}/",
        "ask_departure": f"/living/ask/{partner.occupancies.get().pk}/",
        "helping": f"/living/helping/{helper.pk}/",
        "helping_repair": f"/living/helping/{helper.pk}/repair/",
    }


def _asks(found: Everything, clerk: User, at: datetime) -> None:
    """For a lamp to be mended, and to be told why; and there is something to read."""
    me = found.me
    assert me.user is not None
    told = notices.published(me.neighborhood, clerk, at=at)
    wanted = service.asked(me, pictures=[service.picture()], at=at)
    assigning.assign(request=wanted, to=clerk.pk, seen=0, token=uuid4(), by=clerk, at=at)
    kind = RightsRequest.Kind.EXPLAIN
    made = rights.ask(resident=me, kind=kind, by=me.user, words="为什么留着我的电话？", at=at)
    found.addresses |= {
        "notice": f"/notices/{told.pk}/",
        "documents": "/notices/documents/",
        "ask_service": "/service/new/repair/",
        "service": f"/service/{wanted.pk}/",
        "ask": "/requests/new/correct/",
        "request": f"/requests/{made.pk}/",
        "archive": "/requests/archive/",
    }


def _owns(found: Everything, at: datetime) -> None:
    """Their home, together with who lives with them: a vote that was counted, one that is open, and who votes for both."""
    me = found.me
    partner = Resident.objects.get(user=found.with_codes)
    for who in (me, partner):
        voting.owns(who, make.home(me), at=at)
    voting.measured(me.neighborhood)
    kinds, posts = Committee.Kind, Term.Role
    of = voting.Assembly(
        me.neighborhood,
        staff(me.neighborhood, username="calls", kind=kinds.OWNERS, role=posts.CLERK, at=at),
        staff(me.neighborhood, username="counts", kind=kinds.OWNERS, role=posts.CLERK, at=at),
        staff(me.neighborhood, username="stands-by", kind=kinds.RESIDENTS, role=posts.CLERK, at=at),
    )
    over = voting.running(of, (voting.ORDINARY, False), at=at)
    counting.count(meeting=voting.is_over(over, at=at), minutes="到会两人，计票两人。", by=of.clerk, at=at)
    now_open = voting.running(of, (voting.ORDINARY, False), (voting.GRAVE, False), at=at)
    mine = voting.head_of(now_open, me, partner)
    found.addresses |= {
        "vote": f"/votes/{now_open.pk}/",
        "vote_cast": f"/votes/{now_open.pk}/cast/{mine.pk}/",
        "vote_result": f"/votes/{over.pk}/result/",
    }


def _given_up(who: Resident, at: datetime) -> Enrolment:
    """Photos were sent, and nothing came of them."""
    begun = enrolment.begin(resident=who, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=at)
    enrolment.give_up(enrolment=begun, at=at)
    return begun
