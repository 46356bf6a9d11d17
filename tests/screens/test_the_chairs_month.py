"""A chair's month, walked in a browser from the desk's first page: a complaint, a notice, a meeting, a vote with one ballot on
paper, its minutes, the month's report, and handing over. On a phone in Chinese, and at a desk in English.

Days pass by moving the meeting's dates, as the votes' own tests do; all else is pressed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from committees.models import Ballot, Committee, Handover, HandoverLine, Meeting, Result, Term, Topic
from portal.screens.vote_words import REFUSED
from residents.ages import today_in
from residents.models import User
from residents.register import move_in
from tests.cast import PASSWORD
from tests.committees.voting import Assembly, assembly, is_over, opens_today
from tests.live import Live
from tests.screens.steps import EACH, Comes, Somebody, town

Kind, Choice = Committee.Kind, Ballot.Choice
# One vote of two owners together; all five hand in, which are enough for the election to be opened.
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5])]
COMPLAINT = "公共收益只公布了总数，没有明细。"
ANSWER = "明细下周贴出来，业委会也会在会上说明。"
NOTICE, NOTICE_TEXT = "泵房检修", "周三上午九点到十一点停水，请提前储水。"
MEETING, PLACE = "续聘物业公司", "业委会办公室"
HIRE, ELECT = "是否与现在的物业公司续签三年", "是否选举候选人一号为委员"
MINUTES = "到会五户，两人计票，无人提出异议。"
# For the notice board: what came of it, with its minutes.
SHEETS = 2
CODE = re.compile(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}")


@pytest.fixture
def comes(live: Live, browser: Browser, of: Assembly) -> Iterator[Comes]:
    with town(live, browser) as comes:
        yield comes


@pytest.fixture
def of(live: Live, here, now) -> Assembly:
    found = assembly(here, OWNED, at=now)
    for (_area, whose), unit in zip(OWNED, found.units, strict=True):
        for who in whose:
            move_in(resident=found.owners[who], unit=unit, since=now.date() - timedelta(days=90), at=now)
    for owner in found.owners:
        assert owner.user is not None
        owner.user.set_password(PASSWORD)
        owner.user.save()
    return found


@pytest.mark.slow
@pytest.mark.obligation("14", "43", "44", "45", "46")
@EACH
def test_the_month_of_a_chair(comes, of, here, auditor, now, tmp_path, width, language):
    today = today_in(here, now)

    def come(user: User) -> Somebody:
        return comes(user.username, width=width, language=language)

    chair, owner = come(of.chair), come(of.owners[0].user)
    a_complaint(chair, owner)
    a_notice(chair, owner)
    meeting = a_meeting(chair, owner, of, today)
    opens_today(meeting, at=now)
    receipt = votes(owner, Choice.YES, Choice.YES)
    votes(come(of.owners[1].user), Choice.YES, Choice.NO)  # for both who own it
    votes(come(of.owners[3].user), Choice.NO, Choice.YES)
    votes(come(of.owners[4].user), Choice.YES, Choice.YES)
    on_paper(chair, come(of.beside), str(of.units[4].number))
    is_told(come(of.owners[5].user))
    is_over(meeting, at=now)
    a_result(chair, owner, receipt, tmp_path)
    a_report(come(auditor))
    a_handover(chair, come(of.clerk), of, today)


def a_complaint(chair: Somebody, owner: Somebody) -> None:
    owner.go("Ask for a repair, for quiet, or complain")
    owner.follow(owner.word("complaint"))
    owner.choose(owner.label(Kind.OWNERS.label))
    owner.choose(owner.word("Somewhere else"))
    owner.write("The place, in your words", "公告栏")
    owner.write("What do you ask for, or complain of?", COMPLAINT)
    owner.do("Send")
    owner.sees(COMPLAINT)

    chair.desk()
    due = chair.words(
        "%(count)s request of a resident is open.", "%(count)s requests of residents are open.", 1
    )
    chair.follow(due)
    chair.follow(COMPLAINT[:8])
    chair.choose(chair.word("Answer"))
    chair.write("Words for the resident", ANSWER)
    chair.do("Send it to the resident")
    chair.sees(chair.word("Sent to the resident."))

    owner.home()
    owner.follow(owner.word("complaint"), within=owner.part(owner.word("Repairs and complaints")))
    owner.sees(ANSWER)


def a_notice(chair: Somebody, owner: Somebody) -> None:
    chair.desk()
    chair.go("All lists")
    chair.follow(chair.word("notices"), within=chair.page.locator("#content-main"))
    chair.click(chair.page.locator(".object-tools .addlink"))
    chair.write("title", NOTICE)
    chair.write("text", NOTICE_TEXT)
    chair.click(chair.page.locator("[name=_save]"))
    chair.sees(chair.word("A draft. Add files on its page, then publish it."))
    chair.follow(NOTICE)
    chair.go("Publish")
    chair.do("Publish")

    owner.home()
    owner.follow(NOTICE)
    owner.sees(NOTICE_TEXT)


def a_meeting(chair: Somebody, owner: Somebody, of: Assembly, today: date) -> Meeting:
    """Two days are no lawful notice: the page says so, and it is put right there."""
    chair.desk()
    chair.go("Meetings and votes")
    chair.go("Draft a meeting")
    chair.choose(chair.label(Meeting.Kind.INTERIM.label))
    chair.write("title", MEETING)
    chair.write("where papers are handed in", PLACE)
    days(chair, today + timedelta(days=2))
    chair.do("Keep the draft")
    question(chair, Topic.Item.COMPANY, HIRE)
    question(chair, Topic.Item.ELECTION, ELECT)
    chair.sees(chair.word("secret vote"), chair.label(REFUSED["too_soon"]))
    chair.go("Change the draft")
    days(chair, today + timedelta(days=7))
    chair.do("Keep the draft")
    chair.tick(chair.word("I have read it once more"))
    chair.do("Give notice")
    chair.sees(chair.word("Announced"), HIRE)

    owner.home()
    owner.go("Votes of the owners")
    owner.follow(MEETING)
    owner.sees(chair.word("You can vote from the first day on."), HIRE)
    return Meeting.objects.get(committee=of.committee)


def days(chair: Somebody, first: date) -> None:
    chair.write("first day of voting", first.isoformat())
    chair.write("last day of voting", (first + timedelta(days=4)).isoformat())


def question(chair: Somebody, item: Topic.Item, title: str) -> None:
    chair.select("what it is about", chair.label(item.label))
    chair.write("question", title)
    chair.do("Add it")
    chair.sees(title)


def votes(owner: Somebody, *choices: Ballot.Choice) -> str:
    """From home, with the password again; seen once more, and handed in. The receipt."""
    owner.home()
    owner.go("Read it and vote")
    owner.go("Vote", within=owner.part(owner.word("My vote")))
    owner.write("Password", PASSWORD)
    owner.do("Go on")
    for title, choice in zip((HIRE, ELECT), choices, strict=True):
        owner.choose(owner.label(choice.label), within=owner.group(title))
    owner.do("Look at it once more")
    owner.sees(
        owner.word("Once it is handed in it stands: you cannot take it back, and no later one replaces it.")
    )
    owner.do("Hand it in")
    receipt = CODE.search(owner.text())
    assert receipt is not None
    owner.go("Done")
    owner.sees(owner.word("My vote"), MEETING)
    return receipt.group()


def on_paper(chair: Somebody, beside: Somebody, dwelling: str) -> None:
    """Given out by the chair, who cannot take it in; taken in by another, read by two who do not see each other."""
    chair.desk()
    chair.go("Meetings and votes")
    chair.follow(MEETING)
    chair.go("Ballots on paper and proxies")
    chair.write("Dwelling", dwelling)
    chair.do("Look for it")
    chair.do("Print a ballot for the owner")
    found = CODE.search(chair.text())
    assert found is not None
    chair.go("Back")
    chair.write("Code of the ballot", found.group())
    chair.do("Take it in")
    chair.sees(chair.label(REFUSED["gave_out"]))
    beside.go("Meetings and votes")
    beside.follow(MEETING)
    beside.go("Ballots on paper and proxies")
    beside.write("Code of the ballot", found.group())
    beside.do("Take it in")
    beside.sees(beside.word("Taken in. Two different people read it now, one after the other."))
    chair.go("Read a ballot on paper")
    reads(chair, found.group())
    chair.sees(chair.word("Noted. A second of the staff reads it now, without seeing what you typed."))
    beside.go("Read a ballot on paper")
    reads(beside, found.group())
    beside.sees(beside.word("Two have read it alike: it is in the urn."))


def is_told(owner: Somebody) -> None:
    """Whose ballot it was sees it on the first page and in the record, with whom to complain to."""
    owner.home()
    owner.the("link", owner.word("Complain"))
    owner.go("See my whole record")
    owner.sees(
        *(
            owner.word(f"A ballot on paper was {became} for your vote: %(title)s", title=MEETING)
            for became in ("given out", "handed in")
        )
    )


def reads(staff: Somebody, code: str) -> None:
    staff.write("Code of the ballot", code)
    staff.do("Go on")
    for title in (HIRE, ELECT):
        staff.choose(staff.label(Ballot.Choice.YES.label), within=staff.group(title))
    staff.do("That is what stands there")


def a_result(chair: Somebody, owner: Somebody, receipt: str, folder: Path) -> None:
    chair.desk()
    waits = chair.words(
        "%(count)s vote of the owners is over and waits to be counted.",
        "%(count)s votes of the owners are over and wait to be counted.",
        1,
    )
    chair.follow(waits)
    chair.follow(MEETING)
    chair.write("Minutes", MINUTES)
    chair.do("Count and publish")
    chair.sees(chair.word("Counted, and published with its minutes."), MINUTES, chair.word("Passed"))
    chair.the("button", chair.word("Print this page for the board"))
    assert chair.printed(format="A4") <= SHEETS

    owner.home()
    owner.go("Votes of the owners")
    owner.follow(MEETING)
    owner.go("What came of it")
    owner.sees(MINUTES, owner.word("Passed"))
    owner.write("Code of my receipt", receipt)
    owner.do("Look for it")
    owner.sees(
        owner.word(
            "Question %(number)s: it is there (%(where)s).",
            number=1,
            where=owner.label(Ballot.Choice.YES.label),
        )
    )
    counted_again(owner, receipt, folder)


def counted_again(owner: Somebody, receipt: str, folder: Path) -> None:
    """By the program that the page gives out, from the file that it gives out, without anything of Linmen."""
    ballots, program = (
        owner.fetch("The ballots (JSON)", folder),
        owner.fetch("The program that counts (Python)", folder),
    )
    result = Result.objects.get()
    sha = bytes(result.hash).hex()
    owner.sees(sha)
    for also in (["--sha256", sha], ["--receipt", receipt]):
        said = subprocess.run(
            [sys.executable, "-I", program, ballots, *also],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said.endswith("It agrees.\n")
        assert "topic 1: took part 5 heads" in said
        assert said.count(": passed") == sum(each.passed for each in result.outcomes.all())


def a_report(auditor: Somebody) -> None:
    auditor.go("Audit")
    auditor.go("The month for the notice board")
    auditor.sees(
        auditor.word(
            "Counted by the system, for the auditor. Numbers so small that they could point at somebody are not told. Everybody sees on their own page who looked at their information."
        )
    )
    assert auditor.printed(format="A4") == 1


def a_handover(chair: Somebody, successor: Somebody, of: Assembly, today: date) -> None:
    """Its last day is near: the desk says so and leads there. After the other's signature the next click is refused."""
    Term.objects.filter(user=of.chair).update(ends=today + timedelta(days=9))
    chair.desk()
    ends = chair.words(
        "%(count)s term ends by %(day)s: appoint again, or hand over.",
        "%(count)s terms end, the first by %(day)s: appoint again, or hand over.",
        1,
        day=(today + timedelta(days=8)).isoformat(),
    )
    chair.follow(ends)
    chair.do("Open this handover")
    chair.write("Password", PASSWORD)
    chair.do("Seal this list")
    chair.sees(chair.word("Sealed. Whoever takes over checks each line next."))

    successor.desk()
    successor.follow(
        successor.words(
            "%(count)s handover at the end of a term or a contract is open.",
            "%(count)s handovers at the end of a term or a contract are open.",
            1,
        )
    )
    successor.follow(successor.label(Term.Role.CHAIR.label))
    for choice in successor.page.get_by_role(
        "radio", name=successor.label(HandoverLine.Checked.THERE.label)
    ).all():
        choice.check()
    successor.do("Write down what I checked")
    successor.write("Password", PASSWORD)
    successor.do("Countersign")
    successor.sees(successor.word("Countersigned. It is handed over."))
    successor.go("Print it")
    assert successor.printed(format="A4") >= 1

    chair.click(chair.the("link", chair.word("Meetings and votes")), refused=True)
    assert Handover.objects.get().countersigned_at is not None
