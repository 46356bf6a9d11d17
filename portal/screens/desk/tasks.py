"""The first screen of the desk: six tasks, what is due today, and the way to the full lists."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.screens.desk.due import due
from portal.screens.desk.entrance import StaffRequest, staff_only
from sharing import leaks


@dataclass(frozen=True)
class Task:
    """`key` is pressed for it; a task without `url` is not this reader's here."""

    key: int
    name: Promise
    words: Promise
    icon: str
    address: str
    perms: frozenset[str]


TASKS = (
    Task(
        1,
        gettext_lazy("Find a person"),
        gettext_lazy("By dwelling, number, card or phone"),
        "people",
        "desk_find",
        frozenset({"view_register"}),
    ),
    Task(
        2,
        gettext_lazy("Lost card"),
        gettext_lazy("Block it, lend a way in"),
        "card",
        "desk_lost",
        frozenset({"view_register", "manage_access"}),
    ),
    Task(
        3,
        gettext_lazy("New resident"),
        gettext_lazy("On the register, with a card or PIN"),
        "key",
        "desk_new",
        frozenset({"manage_register", "manage_access"}),
    ),
    Task(
        4,
        gettext_lazy("Visitor"),
        gettext_lazy("A pass for a resident who asks"),
        "bell",
        "desk_visitor",
        frozenset({"view_register", "manage_access"}),
    ),
    Task(
        5,
        gettext_lazy("Gate will not open"),
        gettext_lazy("How the gate is, and why a card is refused"),
        "gate",
        "desk_gates",
        frozenset({"manage_access"}),
    ),
    Task(
        6,
        gettext_lazy("Paper form"),
        gettext_lazy("Yes or no on paper, and what can be printed"),
        "file",
        "desk_paper",
        frozenset({"view_register"}),
    ),
)


@require_safe
@staff_only()
def tasks(request: StaffRequest) -> HttpResponse:
    context = {
        "tasks": [
            {"task": task, "url": reverse(task.address) if task.perms <= request.rights else ""}
            for task in TASKS
            if request.rights - {"audit"}  # whoever only audits has none of them
        ],
        "due": due(request),
        "sees_incidents": bool(
            leaks.seeing(user=request.user, neighborhood=request.neighborhood, at=request.at)
        ),
    }
    return render(request, "desk/tasks.html", context)
