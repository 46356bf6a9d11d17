"""A certificate says of each place what that place has said; checked outside, by a program that has nothing of ours."""

from __future__ import annotations

import copy
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from ledger.models import Entry
from portal import certifying, taking_home
from residents import certificates, erasure
from residents.certificates import NothingToCertify
from residents.models import ErasureCertificate, ErasurePlace, Resident
from tests import make
from tests.certifying.conftest import ours_are_gone, sequenced
from tests.receipts.checking import checked, every_place

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("9", "F15")]
State = ErasurePlace.State


def issue(stopped, at):
    return certifying.issue(resident=stopped.who, order=stopped.order, at=at)


def states(certificate) -> list[str]:
    return [place["state"] for order in certificate.document["orders"] for place in order["places"]]


def test_it_names_what_is_open_and_a_later_one_replaces_it(stopped, now):
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    first = issue(stopped, now)
    assert sorted(set(states(first))) == ["gone", "waiting"]
    assert states(first).count("waiting") == 1
    stopped.said(1, at=now)
    later = issue(stopped, now + timedelta(minutes=1))
    assert set(states(later)) == {"gone"}
    assert (later.number, later.document["replaces"]) == (2, str(first.pk))
    assert certificates.is_replaced(first)
    assert not certificates.is_replaced(later)
    written = Entry.objects.filter(kind="erasure.certified", subject=stopped.who.pk).order_by("pk")
    assert [each.opening.payload["number"] for each in written] == [1, 2]
    said = written[0].opening.payload
    assert (said["places"] - said["gone"], said["closed"]) == (1, 0)


def test_twice_is_once_where_nothing_has_changed(stopped, now):
    first = issue(stopped, now)
    assert issue(stopped, now + timedelta(hours=1)) == first
    assert ErasureCertificate.objects.count() == 1


def test_one_of_all_deletions_has_each_of_them(stopped, now):
    erasure.open_order(
        resident=stopped.who,
        purpose="ways_in",
        cause="moved_out",
        places=[erasure.Place(kind=ErasurePlace.Kind.KEY, target=stopped.face.pk)],
        at=now,
    )
    whole = certifying.issue(resident=stopped.who, order=None, at=now)
    assert {order["purpose"] for order in whole.document["orders"]} == {"face_at_gate", "ways_in"}
    assert len(states(whole)) == ErasurePlace.objects.count()


def test_of_nothing_there_is_no_certificate(neighbor, now):
    with pytest.raises(NothingToCertify):
        certifying.issue(resident=neighbor, order=None, at=now)


def test_it_holds_outside_and_each_word_of_it_counts(stopped, now, tmp_path):
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    made = issue(stopped, now)
    sequenced()
    file = certificates.signed(made)
    code, said = checked(tmp_path, file)
    assert code == 0, said
    assert "1 of the 6 places have not said so" in said
    for path in every_place({name: value for name, value in file.items() if name not in ("proof", "schema")}):
        changed = copy.deepcopy(file)
        at = changed
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = "gone" if at[path[-1]] == "waiting" else "x"
        code, _said = checked(tmp_path, changed)
        assert code in (1, 2), path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_when_all_have_said_so_the_program_says_so(stopped, now, tmp_path, language):
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    stopped.said(1, at=now)
    made = issue(stopped, now)
    sequenced()
    code, said = checked(tmp_path, certificates.signed(made), language)
    assert code == 0, said
    assert {"en": "All 6 places", "zh": "全部 6 处"}[language] in said


def test_a_file_of_another_entry_does_not_pass(stopped, now, tmp_path):
    first = certificates.signed(issue(stopped, now))
    stopped.said(0, at=now)
    second = certificates.signed(issue(stopped, now + timedelta(minutes=1)))
    sequenced()
    code, said = checked(tmp_path, first | {"proof": second["proof"]})
    assert code == 1
    assert "not what was written down" in said


def test_it_names_nobody_and_outlives_its_person(stopped, now, tmp_path):
    issue(stopped, now)
    make.tombstone(stopped.who, at=now)
    who = Resident.objects.get(pk=stopped.who.pk)
    whole = certifying.issue(resident=who, order=None, at=now)
    assert {order["purpose"] for order in whole.document["orders"]} >= {"face_at_gate", "person"}
    sequenced()
    file = certificates.signed(whole)
    assert checked(tmp_path, file)[0] == 0
    said = str({key: value for key, value in file.items() if key not in ("proof", "signature")})
    # Numbers drawn by lot may have a 101 in them; 101 is a dwelling here.
    said = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", said)
    for name in ("柳一", "101", stopped.doors[0].name):
        assert name not in said


def test_it_lies_in_what_a_person_takes_home(stopped, now, tmp_path):
    from tests.receipts.checking import outside

    issue(stopped, now)
    sequenced()
    (tmp_path / "all.zip").write_bytes(taking_home.everything(resident=stopped.who, at=now))
    code, said = outside(tmp_path, "everything", "all.zip")
    assert code == 0, said
    assert "entries/certificate-0001.json" in said


class TestTheDatabase:
    """Asked past all code, as the application itself."""

    @pytest.fixture
    def law(self):
        def refused(act, code="LM154"):
            with pytest.raises(DatabaseError) as error, transaction.atomic():
                act()
            assert error.value.__cause__.sqlstate == code

        return refused

    @pytest.fixture
    def made(self, stopped, now):
        return issue(stopped, now)

    def again(self, made, change):
        """A second one, with a document that was changed."""
        document = copy.deepcopy(made.document)
        also = change(document) or {}
        pk = uuid4()
        document |= {"certificate": str(pk), "number": 2} | also.pop("document", {})
        row = {
            "pk": pk,
            "neighborhood": made.neighborhood,
            "resident": made.resident,
            "order": made.order,
            "number": 2,
        }
        return lambda: ErasureCertificate.objects.create(**row | also | {"document": document})

    def test_what_the_places_say_is_taken(self, made):
        assert self.again(made, lambda document: None)().number == 2

    @pytest.mark.parametrize(
        "change",
        [
            lambda places: places[-1].update(state="gone"),
            lambda places: [each.update(state="gone", seen={"rows": 0}) for each in places],
            lambda places: places[0].update(seen={"rows": 0}),
            lambda places: places[0].update(kind="elsewhere"),
            lambda places: places.pop(),
            lambda places: places.clear(),
            lambda places: places.append(places[0]),
            lambda places: places.append(places[0] | {"place": "0"}),
        ],
    )
    def test_what_they_do_not_say_is_refused(self, made, law, change):
        law(self.again(made, lambda document: (change(document["orders"][0]["places"]), None)[1]))

    def test_it_is_of_whom_and_what_it_says(self, made, law, neighbor):
        law(self.again(made, lambda document: {"document": {"person": str(neighbor.pk)}}))
        law(self.again(made, lambda document: {"document": {"order": str(neighbor.pk)}}))
        law(self.again(made, lambda document: {"number": 3}))
        law(self.again(made, lambda document: {"resident": neighbor}))

    def test_it_never_changes_and_is_not_dropped(self, made, law):
        for act in (
            "UPDATE residents_erasurecertificate SET document = '{}'",
            "UPDATE residents_erasurecertificate SET number = 7",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(act)
        law(lambda: ErasureCertificate.objects.filter(pk=made.pk).delete())
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE residents_erasurecertificate")

    def test_nor_is_one_of_an_erased_person_before_its_time(self, made, law, stopped, now):
        make.tombstone(stopped.who, at=now)
        law(lambda: ErasureCertificate.objects.filter(pk=made.pk).delete())
        law(lambda: ErasurePlace.objects.filter(order=made.order).delete(), code="LM002")

    def test_two_of_one_number_are_not(self, made):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            ErasureCertificate.objects.create(
                neighborhood=made.neighborhood,
                resident=made.resident,
                order=made.order,
                number=1,
                document=made.document,
            )
