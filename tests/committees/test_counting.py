"""A vote is counted: after its last day, exactly, and in a file that everybody counts again at home."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import Gate
from committees import balloting, calling, counting, recount, sheets
from committees.balloting import BallotRefused
from committees.counting import CountRefused
from committees.models import Ballot, Outcome, Result, Urn
from committees.sheets import UNREADABLE, SheetRefused
from consent import enabling
from consent.models import Decision, Modality, Standing
from ledger.models import Entry
from residents.models import Neighborhood
from tests import make
from tests.committees.voting import (
    ELECTION,
    GRAVE,
    ORDINARY,
    assembly,
    fresh,
    head_of,
    is_over,
    on_paper,
    proxy,
    refused,
    running,
)

pytestmark = pytest.mark.django_db
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5])]
PROGRAM = Path(recount.__file__)


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


def cast(meeting, answers, *who, now):
    return balloting.cast(
        head=head_of(meeting, *who), resident=who[0], answers=answers, by=who[0].user, at=now
    )


def counted(of, meeting, *, now):
    return counting.count(meeting=is_over(meeting, at=now), minutes="计票记录", by=of.clerk, at=now)


def at_home(result, tmp_path, *also, change=None) -> subprocess.CompletedProcess[str]:
    """In a process that knows nothing of Linmen, from another folder, without any package."""
    content = result.published if change is None else change(result.published)
    (tmp_path / "count.json").write_text(content, encoding="utf-8")
    (tmp_path / "recount.py").write_bytes(PROGRAM.read_bytes())
    return subprocess.run(
        [sys.executable, "-I", "-S", "recount.py", "count.json", *also],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.obligation("43", "44")
def test_it_is_counted_once_after_its_last_day_and_read_again_by_everybody(of, now, tmp_path):
    meeting = running(of, (ORDINARY, False), (ELECTION, True), at=now)
    receipts = [
        cast(meeting, {1: "yes", 2: "yes"}, of.owners[0], now=now),
        cast(meeting, {1: "yes", 2: "no"}, of.owners[1], of.owners[2], now=now),
        cast(meeting, {1: "no", 2: "yes"}, of.owners[3], now=now),
    ]
    on_paper(of, head_of(meeting, of.owners[4]), {1: "abstain", 2: "yes"}, at=now)
    result = counted(of, meeting, now=now)
    first, second = result.outcomes.all()
    assert (first.heads, first.area) == (4, 895_000 + 1_200_100 + 600_000 + 610_000)
    assert (first.yes_heads, first.yes_area, first.passed) == (
        2,
        2_095_100,
        False,
    )  # two of four are no majority
    assert (second.yes_heads, second.yes_area, second.passed) == (3, 895_000 + 600_000 + 610_000, True)
    assert not Urn.objects.exists()
    assert bytes(result.hash) == hashlib.sha256(result.published.encode()).digest()
    sealed = Entry.objects.get(kind="meeting.counted").opening.payload
    assert sealed["hash"] == bytes(result.hash).hex()
    assert sealed["passed"] == [2]
    told = at_home(result, tmp_path, "--receipt", balloting.in_groups(receipts[1]))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "topic 1: your ballot is there (yes)" in told.stdout
    assert "topic 2: your ballot is there (in the sum)" in told.stdout
    assert at_home(result, tmp_path, "--sha256", bytes(result.hash).hex()).returncode == 0
    assert at_home(result, tmp_path, "--sha256", "00" * 32).returncode == 1
    assert at_home(result, tmp_path, "--receipt", "0" * 16).returncode == 1
    with pytest.raises(CountRefused, match="counted"):
        counting.count(meeting=fresh(meeting), minutes="又", by=of.clerk, at=now)


@pytest.mark.obligation("43", "45")
def test_the_published_file_names_nobody_and_links_nothing(of, now):
    meeting = running(of, (ORDINARY, False), (ORDINARY, False), at=now)
    for who in (of.owners[3], of.owners[0], of.owners[4]):
        cast(meeting, {1: "yes", 2: "no"}, who, now=now)
    result = counted(of, meeting, now=now)
    document = json.loads(result.published)
    one, two = ({each["code"] for each in topic["ballots"]} for topic in document["topics"])
    assert not one & two  # nobody sees which ballots are one person's
    assert {key for topic in document["topics"] for each in topic["ballots"] for key in each} == {
        "area", "choice", "code"}  # fmt: skip
    for who in of.owners:
        assert str(who.pk) not in result.published
        assert who.name not in result.published
    for head in meeting.heads.all():
        assert str(head.pk) not in result.published
    for unit in of.units:
        assert str(unit.pk) not in result.published


def doctored(path):
    """Each changes the file so that it says something else."""

    def change(text: str) -> str:
        document = json.loads(text)
        path(document)
        return json.dumps(document, sort_keys=True)

    return change


def _flip(document):
    document["topics"][0]["ballots"][0]["choice"] = "no"


def _take_out(document):
    document["topics"][0]["ballots"].pop()


def _heavier(document):
    document["topics"][0]["ballots"][0]["area"] += 1


def _heavier_secret(document):
    document["topics"][1]["ballots"][0]["area"] += 1


def _passed(document):
    document["topics"][0]["result"]["passed"] ^= True


def _more_yes(document):
    document["topics"][1]["result"]["yes_heads"] += 1


def _exchange(document):
    one, two = document["topics"][1]["ballots"][:2]
    one["commitment"], two["commitment"] = two["commitment"], one["commitment"]


def _twice(document):
    document["topics"][0]["ballots"].append(document["topics"][0]["ballots"][-1])


def _smaller_roll(document):
    document["roll"]["area"] = 1


def _another_item(document):
    document["topics"][0]["item"] = 10


@pytest.mark.obligation("43", "45")
def test_whatever_is_changed_in_the_file_is_found(of, now, tmp_path):
    meeting = running(of, (ORDINARY, False), (ELECTION, True), at=now)
    for who in (of.owners[0], of.owners[3], of.owners[4]):
        cast(meeting, {1: "yes", 2: "yes"}, who, now=now)
    result = counted(of, meeting, now=now)
    assert at_home(result, tmp_path).returncode == 0
    for change in (_flip, _take_out, _heavier, _heavier_secret, _passed, _more_yes, _exchange, _twice,
                   _smaller_roll, _another_item):  # fmt: skip
        told = at_home(result, tmp_path, change=doctored(change))
        assert told.returncode == 1, change.__name__
        assert "WRONG" in told.stdout, told.stderr


@pytest.mark.obligation("43")
def test_a_ballot_worth_more_than_one_is_found(of, now):
    """Somebody who writes the tables could commit to a thousand; the proof would not hold."""
    big = recount.spelled(recount.add(recount.times(1000, recount.G), recount.times(7, recount.H)))
    proof = [1, 2, 3, 4]
    assert not recount.holds_one_bit(recount.read(big), proof, "m|1|c|1")


@pytest.mark.obligation("43")
def test_an_urn_that_is_not_what_its_ballots_made_is_not_counted(of, now):
    from committees import urn

    meeting = running(of, (ELECTION, True), at=now)
    cast(meeting, {1: "no"}, of.owners[0], now=now)
    opened = urn.locked(meeting)
    opened.sums[1] = opened.sums[1].with_one(yes=True, area=895_000, blind=0)
    opened.keep()
    with pytest.raises(CountRefused, match="urn"):
        counted(of, meeting, now=now)


def outcome(result, topic, **also):
    row = {"neighborhood_id": result.neighborhood_id, "result": result, "topic": topic, "heads": 1,
           "area": 895_000, "yes_heads": 1, "yes_area": 895_000, "passed": False}  # fmt: skip
    return Outcome.objects.create(**row | also)


def result_row(of, meeting, now, **also):
    row = {"neighborhood": of.here, "meeting": meeting, "minutes": "x", "published": "{}", "hash": bytes(32),
           "posted_until": now.date() + timedelta(days=20), "counted_by": of.clerk, "counted_at": now}  # fmt: skip
    return Result.objects.create(**row | also)


@pytest.mark.obligation("43", "45")
def test_a_result_written_by_hand_is_what_the_ballots_say_or_nothing(of, now):
    meeting = running(of, (ORDINARY, False), at=now)
    cast(meeting, {1: "yes"}, of.owners[0], now=now)
    topic = meeting.topics.get()

    def whole(**also):
        return lambda: outcome(result_row(of, meeting, now, **also), topic)

    refused("LM191", whole())  # it runs still
    is_over(meeting, at=now)
    refused("LM191", whole(counted_by=of.owners[0].user))
    refused("LM191", whole(posted_until=now.date() + timedelta(days=5)))
    refused("LM191", lambda: result_row(of, meeting, now))  # without what came of its question
    for lie in ({"heads": 2}, {"area": 895_001}, {"yes_heads": 0}, {"yes_area": 1}, {"passed": True}):
        refused("LM191", lambda lie=lie: outcome(result_row(of, meeting, now), topic, **lie))
    outcome(result_row(of, meeting, now), topic)
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    for act in (
        lambda: Result.objects.update(minutes="y"),
        lambda: Outcome.objects.update(passed=True),
        lambda: Result.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
            act()


@pytest.mark.obligation("45")
def test_a_result_is_not_written_beside_a_sheet_that_two_have_not_read(of, now):
    meeting = running(of, (ORDINARY, False), at=now)
    sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    sheets.read(sheet=sheet, answers={1: "yes"}, by=of.clerk, at=now)
    with pytest.raises(CountRefused, match="unsettled"):
        counted(of, meeting, now=now)
    nobody = {"heads": 0, "area": 0, "yes_heads": 0, "yes_area": 0}
    over = fresh(meeting)
    refused("LM191", lambda: outcome(result_row(of, over, now), over.topics.get(), **nobody))
    sheets.read(
        sheet=sheet, answers={1: "yes"}, by=of.beside, at=now
    )  # read after the last day, taken in before
    assert counted(of, meeting, now=now).outcomes.get().yes_heads == 1


@pytest.mark.obligation("45")
def test_nobody_else_counts_and_nothing_comes_after_it(of, now, clerk, outsider, stranger):
    meeting = running(of, (ORDINARY, False), at=now)
    cast(meeting, {1: "yes"}, of.owners[0], now=now)
    with pytest.raises(CountRefused, match="not_over"):
        counting.count(meeting=meeting, minutes="", by=of.clerk, at=now)
    over = is_over(meeting, at=now)
    for who in (clerk, outsider, stranger.user, of.owners[0].user):
        with pytest.raises(PermissionDenied):
            counting.count(meeting=over, minutes="", by=who, at=now)
    counted(of, meeting, now=now)
    with pytest.raises(BallotRefused, match="not_open"):
        cast(fresh(meeting), {1: "yes"}, of.owners[3], now=now)
    with pytest.raises(calling.CallingRefused, match="counted"):
        calling.call_off(meeting=meeting, by=of.chair, at=now)


@pytest.mark.obligation("6")
def test_a_vote_for_faces_enables_nothing_for_anybody(of, now):
    """Unanimous, with all of the area: not one consent, nothing enabled, no gate that looks at faces."""
    gate = make.gate(of.here, at=now, by_face=False)
    before = enabling.state(neighborhood=of.here, modality=Modality.FACE, at=now)
    meeting = running(of, (GRAVE, False), (ORDINARY, False), at=now)
    for who in ((of.owners[0],), (of.owners[1], of.owners[2]), *((each,) for each in of.owners[3:])):
        cast(meeting, {1: "yes", 2: "yes"}, *who, now=now)
    result = counted(of, meeting, now=now)
    assert [each.passed for each in result.outcomes.all()] == [True, True]
    assert not Standing.objects.exists()
    assert not Decision.objects.exists()
    assert not before.enabled
    assert enabling.state(neighborhood=of.here, modality=Modality.FACE, at=now) == before
    assert not Gate.objects.get(pk=gate.pk).by_face


# --- by chance, against an oracle

ANSWERS = st.sampled_from(["yes", "no", "abstain"])


@st.composite
def votes(draw):
    """Dwellings with areas to the hundredth of a square metre, owners alone, together and twice over; and what each vote does:
    nothing, in the portal, on paper or by proxy, once or twice, in time or late."""
    people = draw(st.integers(2, 5))
    owned = draw(
        st.lists(
            st.tuples(
                st.decimals("20", "300", places=2).map(str),
                st.lists(st.integers(0, people - 1), unique=True, max_size=2).map(sorted),
            ),
            min_size=2, max_size=6,
        ).filter(lambda each: sum(bool(who) for _area, who in each) > 1)
    )  # fmt: skip
    heads = sorted({tuple(who) for _area, who in owned if who})
    acts = [
        (draw(st.sampled_from(["nothing", "portal", "paper", "proxy", "late"])), draw(st.booleans()),
         {1: draw(ANSWERS), 2: draw(ANSWERS)}, draw(st.booleans()))
        for _head in heads
    ]  # fmt: skip
    return owned, heads, acts, draw(st.sampled_from([ORDINARY, GRAVE]))


@pytest.mark.obligation("43", "45")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(votes())
def test_whatever_way_votes_come_the_result_is_the_oracles(db, now, tmp_path, vote):
    owned, heads, acts, item = vote
    with transaction.atomic():
        here = Neighborhood.objects.create(name="小区")
        of = assembly(here, [*owned, ("50.00", [])], at=now)
        elsewhere = make.resident(here, at=now)  # a tenant, who may vote for others
        make.home(elsewhere).__class__.objects.filter(pk=make.home(elsewhere).pk).update(area="33.33")
        meeting = running(of, (item, False), (GRAVE, True) if len(heads) > 4 else (GRAVE, False), at=now)
        area_of = {}
        for area, who in owned:
            if who:
                area_of[tuple(who)] = area_of.get(tuple(who), 0) + int(Fraction(area) * 10_000)
        expected = {1: [], 2: []}
        late, proxied = [], 0
        for who, (way, twice, answers, blank) in zip(heads, acts, strict=True):
            people = [of.owners[each] for each in who]
            head = head_of(meeting, *people)
            assert head.area == area_of[who]
            if way == "proxy" and proxied >= meeting.proxies:
                way = "paper"
            if way in ("nothing", "late"):
                late += [(head, people, answers)] if way == "late" else []
                continue
            said = dict(answers)
            if way == "portal":
                balloting.cast(head=head, resident=people[-1], answers=said, by=people[-1].user, at=now)
            else:
                if blank:
                    said[1] = UNREADABLE
                given_to = proxy(of, head, elsewhere, at=now) if way == "proxy" else None
                proxied += way == "proxy"
                on_paper(of, head, said, at=now, proxy=given_to)
            if twice:
                with pytest.raises(BallotRefused):
                    balloting.cast(head=head, resident=people[0], answers=answers, by=people[0].user, at=now)
                with pytest.raises(SheetRefused):
                    sheets.give_out(head=head, by=of.clerk, at=now)
            for number, answer in said.items():
                if answer != UNREADABLE:
                    expected[number].append((area_of[who], answer))
        is_over(meeting, at=now)
        for head, people, answers in late:
            with pytest.raises(BallotRefused):
                balloting.cast(head=head, resident=people[0], answers=answers, by=people[0].user, at=now)
        result = counted(of, meeting, now=now)
        roll = (len(heads) + sum(not who for _area, who in owned) + 2,
                sum(int(Fraction(area) * 10_000) for area, _who in owned) + 500_000 + 333_300)  # fmt: skip
        for outcome_ in result.outcomes.select_related("topic"):
            cast_ = expected[outcome_.topic.number]
            yes = [area for area, answer in cast_ if answer == "yes"]
            took, agreed = (len(cast_), sum(area for area, _answer in cast_)), (len(yes), sum(yes))
            need = outcome_.topic.item == GRAVE
            passed = bool(cast_) and all(
                Fraction(part, whole) >= Fraction(2, 3)
                and (
                    Fraction(said, part) >= Fraction(3, 4) if need else Fraction(said, part) > Fraction(1, 2)
                )
                for part, whole, said in zip(took, roll, agreed, strict=True)
            )
            assert (outcome_.heads, outcome_.area) == took
            assert (outcome_.yes_heads, outcome_.yes_area, outcome_.passed) == (*agreed, passed)
        assert recount.recount(json.loads(result.published))
        assert Ballot.objects.filter(topic__meeting=meeting).count() == sum(map(len, expected.values()))
        transaction.set_rollback(True)
