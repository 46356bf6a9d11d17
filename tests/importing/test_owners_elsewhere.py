"""Who owns here, lives elsewhere and has a card in the pocket is not worse off on Monday (laws 2 and 13)."""

from __future__ import annotations

import pytest

from access import cards
from access.models import Credential, FeedRow, Rule
from residents.models import Occupancy, Resident
from tests import make
from tests.importing.dump import different, dump
from tests.importing.sheets import xlsx

HEADINGS = ["楼栋", "房号", "姓名", "手机号", "身份", "门禁卡号", "是否入住"]
LANDLORD = ["1", "101", "汪立", "", "业主", "70010001", "出租"]
TENANT = ["1", "101", "石小路", "", "租客", "70010002", "是"]
ABROAD = ["1", "102", "远人", "", "业主", "", "空置"]


@pytest.fixture
def gate(here, now):
    return make.gate(here, at=now)


@pytest.fixture
def source(bring_in, gate):
    return bring_in(xlsx([LANDLORD, TENANT, ABROAD], headings=HEADINGS), gates=[gate.pk])


def opens(name, gate):
    return FeedRow.objects.filter(gate=gate, credential__resident__name=name, present=True).exists()


@pytest.mark.obligation("2")
def test_their_card_opens_what_the_list_opens(source, gate):
    assert opens("汪立", gate)
    assert opens("石小路", gate)
    assert not Occupancy.objects.filter(resident__name="汪立").exists()


def test_it_hangs_on_them_and_not_on_the_dwelling_or_the_card(source, gate):
    rule = Rule.objects.get(resident__isnull=False)
    assert (rule.resident.name, rule.unit) == ("汪立", None)  # and nobody without a card got one


def test_the_same_list_again_changes_nothing(source, bring_in, gate):
    before = dump()
    bring_in(xlsx([LANDLORD, TENANT, ABROAD], headings=HEADINGS), gates=[gate.pk])
    assert different(before, dump()) <= {
        "residents_import",
        "residents_importrow",
        "ledger_entry",
        "ledger_opening",
        "ledger_waiting",
    }


def test_undoing_takes_it_back(source, undo, gate):
    undo(source)
    assert not Rule.objects.exists()
    assert not Resident.objects.filter(name="汪立").exists()


def test_undoing_leaves_it_to_whoever_uses_their_card(source, undo, gate, now):
    landlord = Resident.objects.get(name="汪立")
    cards.issue(resident=landlord, number="99990001", at=now)
    undo(source)
    assert Rule.objects.filter(resident=landlord).exists()
    assert Credential.objects.active().filter(resident=landlord).count() == 2
