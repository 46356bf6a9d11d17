"""Whatever gets lost on the way: who counts as gone is not in the terminal, and in the end whoever is wanted is, and nobody else."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.terminals.memory import Memory
from gate.terminals.records import answers, users
from gate.terminals.roster import Plain, Roster, Wanted

pytestmark = pytest.mark.obligation("9", "F7")

PEOPLE = {f"credential-{number}": 1000 + number for number in range(3)}
# What may befall one poll.
LOST = st.sets(
    st.sampled_from(["commands", "answers", "lies_about_deleting", "lies_about_putting", "first_only"])
)
STEPS = st.one_of(
    st.tuples(st.just("poll"), LOST),
    st.tuples(st.just("poll"), st.just(set())),
    st.tuples(st.just("want"), st.sampled_from(sorted(PEOPLE))),
    st.tuples(st.just("unwant"), st.sampled_from(sorted(PEOPLE))),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("wait"), st.none()),
    # An outage that hides everybody it is asked for, once in a story: it begins and it ends.
    st.tuples(st.just("hide"), st.none()),
    st.tuples(st.just("reset"), st.none()),
)


class Story:
    def __init__(self, folder):
        self.folder = folder
        self.now = 1000.0
        self.wanted = {}
        self.held = {}  # in the terminal: number -> card
        self.hiding = False
        self.hid = False
        self.begin()
        self.roster.is_empty()

    def begin(self):
        self.memory = Memory(self.folder)
        self.roster = Roster(self.memory, lambda credential: Plain(card=PEOPLE[credential]), first_wait=1.0)

    def step(self, act, said):
        if act == "poll":
            self.poll(said)
        elif act == "want":
            self.wanted[said] = Wanted("card", "tag")
        elif act == "unwant":
            self.wanted.pop(said, None)
        elif act == "restart":
            self.memory.close()
            self.begin()
        elif act == "wait":
            self.now += 5000.0
        elif act == "hide":
            self.hiding, self.hid = not self.hid, True
        elif act == "reset":
            self.held.clear()

    def poll(self, lost):
        self.now += 1.0
        self.roster.reconcile(self.wanted, now=self.now)
        said = self.roster.due(now=self.now)
        if "commands" in lost:
            return
        told = []
        for line in said[:1] if "first_only" in lost else said:
            _, number, command = line.strip("\n").split(":", 2)
            self.do(command, lost)
            told.append(f"ID={number}&Return=0&CMD=DATA")
        if "answers" not in lost:
            for answer in answers("\n".join(told).encode()):
                self.roster.answered(answer, now=self.now)

    def do(self, command, lost):
        act, _, rest = command.partition(" USERINFO ")
        fields = dict(pair.split("=", 1) for pair in rest.split("\t"))
        number = fields["PIN"]
        if act == "DATA UPDATE" and "lies_about_putting" not in lost:
            self.held[number] = fields["Card"]
        elif act == "DATA DELETE" and "lies_about_deleting" not in lost:
            self.held.pop(number, None)
        elif act == "DATA QUERY" and number in self.held and not self.hiding:
            for user in users(f"USER PIN={number}\tPri=0\tCard={self.held[number]}".encode()):
                self.roster.shown(user, now=self.now)

    def cards(self):
        return {int(card) for card in self.held.values() if card}

    def check(self):
        for credential, card in PEOPLE.items():
            if self.roster.is_gone(credential):
                assert card not in self.cards()


@settings(max_examples=80, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_gone_is_gone_and_it_ends_well(steps):
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        for act, said in steps:
            story.step(act, said)
            story.check()
        story.hiding = False
        for _ in range(40):
            story.now += 4000.0
            story.poll(set())
            story.check()
        # A terminal that was emptied behind our back is found out when stock is taken; here, by asking.
        story.roster.take_stock()
        assert story.roster.holds() == len(story.wanted)
        known = {PEOPLE[credential] for credential in story.wanted}
        assert story.cards() - known == set()
        if not any(act == "reset" for act, _ in steps):
            assert story.cards() == known
        story.memory.close()
