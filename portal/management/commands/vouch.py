"""Says, at the machine itself, that it is them: somebody of the staff who has lost the second step of signing in sets up
another within a day. Where there is an auditor, the auditor does it at the desk; this is for who runs the system, and for places
without one. It goes into the record, without a name of whoever typed it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from residents import vouching
from residents.models import User


class Command(BaseCommand):
    help = "Lets somebody of the staff who has lost the second step of signing in set up another."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=User.normalize_username(options["username"])).first()
        if user is None:
            raise CommandError("There is no such account.")
        try:
            vouching.vouch_as_operator(user=user)
        except vouching.NotLost:
            raise CommandError("This account has lost no second step.") from None
        self.stdout.write("They have one day to sign in and set up a second step.")
