"""What is due today: one list of sources, each a room's own question, asked of the neighborhood in hand.

Each line says what waits, since when and whose it is, and leads to where it is done. Counts and gates, never a person. A source
costs the same number of queries however much there is; only those are asked that the reader's rights are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from committees.models import Committee
from committees.roles import ROLE_PERMISSIONS
from portal.screens.desk import due_at_the_desk as at_the_desk
from portal.screens.desk import due_to_committees as to_committees
from portal.screens.desk.due_lines import Due
from portal.screens.desk.entrance import DESK, StaffRequest
from residents.scope import scope

Find = Callable[[StaffRequest], Iterable[Due]]


@dataclass(frozen=True)
class Source:
    """Asked for whoever holds one of `perms`; in a practice neighborhood only where `practice` says so."""

    of: Find
    perms: frozenset[str]
    practice: bool = False

    @property
    def bodies(self) -> str:
        """Whose it is: the bodies with an office that holds one of these rights."""
        kinds = {kind for (kind, _role), held in ROLE_PERMISSIONS.items() if held & self.perms}
        return _(", ").join(str(kind.label) for kind in Committee.Kind if kind in kinds)


def _for(*perms: str) -> frozenset[str]:
    return frozenset(perms)


ANYBODY = frozenset(DESK)
# Rights that open no page of the desk itself, and that something here is due to.
BESIDE = ("assess", "draft_sharing", "approve_sharing", "keep_members")
# In the order in which they stand on the page.
SOURCES: Sequence[Source] = (
    Source(at_the_desk.of_my_account, ANYBODY, practice=True),
    Source(at_the_desk.silent_gates, _for("manage_access"), practice=True),
    Source(at_the_desk.loans, _for("manage_access"), practice=True),
    Source(at_the_desk.changes_of_gates, _for("manage_access")),
    Source(at_the_desk.orders_to_gates, _for("manage_access")),
    Source(at_the_desk.nobody_without_a_way, _for("manage_access"), practice=True),
    Source(at_the_desk.to_second, _for("view_register"), practice=True),
    Source(at_the_desk.asked_of_bodies, _for("answer_service")),
    Source(to_committees.emergencies_to_review, _for("audit", "view_register")),
    Source(to_committees.incidents, _for("audit", "view_register")),
    Source(to_committees.alarms_unread, _for("audit")),
    Source(to_committees.years_to_audit, _for("audit")),
    Source(to_committees.steps_to_vouch_for, _for("audit")),
    Source(to_committees.deletions_overdue, _for("audit", "manage_access")),
    Source(to_committees.recipients_late, _for("audit", "draft_sharing", "approve_sharing")),
    Source(to_committees.notices_unpublished, _for("view_register")),
    Source(to_committees.votes_to_count, _for("count_votes")),
    Source(to_committees.handovers_open, _for("view_register")),
    Source(to_committees.terms_ending, _for("audit", "keep_members")),
    Source(to_committees.assessments_lapsing, _for("assess")),
    Source(at_the_desk.minors_to_approve, _for("approve_minors"), practice=True),
    Source(at_the_desk.rights_to_answer, _for("view_register")),
    Source(at_the_desk.letters, _for("manage_register")),
    Source(at_the_desk.papers_not_back, _for("manage_register")),
    Source(at_the_desk.slips_to_print, _for("manage_register")),
    Source(at_the_desk.fourteen_without_letter, _for("manage_register")),
)


def due(request: StaffRequest) -> list[Due]:
    """Of every source that is for this reader here."""
    here, held = request.neighborhood, request.rights | _beside(request)
    return [
        replace(line, by=line.by or (source.bodies if source.perms != ANYBODY else ""))
        for source in SOURCES
        if (source.practice or not here.practice) and source.perms & held
        for line in source.of(request)
    ]


def _beside(request: StaffRequest) -> frozenset[str]:
    """One query for each of those rights."""
    here = request.neighborhood.pk
    return frozenset(
        perm for perm in BESIDE if scope(request.user, perm, request.at).filter(pk=here).exists()
    )
