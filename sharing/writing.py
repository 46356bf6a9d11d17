"""One attempt at the files of a copy: rows as they were settled, in the order of their tags, into pieces of age ciphertext.

The rows are read, and their numbers opened, once for both files. Memory stays bounded whatever the number of rows: some of them,
a piece or two and one sheet are held at a time. Each piece commits with how far the attempt has come and its longer lease; an
attempt that was overtaken finds that out with its next piece.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from pyrage import ssh

from sharing import files, given
from sharing.encrypting import File
from sharing.models import Copy, DisclosedRow, Field, Piece, Request, Sheet

AT_ONCE = 2000


class Taken(Exception):
    """Somebody else has taken it up meanwhile, or it is void."""


def begin(copy: UUID, at: datetime) -> Attempt | None:
    """A new attempt, if nobody is at it. What an earlier one left goes."""
    until = at + timedelta(seconds=settings.COPY_LEASE_SECONDS)
    with transaction.atomic():
        idle = Copy.objects.idle(at).filter(pk=copy)
        if not idle.update(leased_until=until, attempt=F("attempt") + 1, done=0):
            return None
        Piece.objects.filter(copy=copy).delete()
        Sheet.objects.filter(copy=copy).delete()
        # All of it now: the threads that encrypt have a connection of their own, and ask for nothing.
        beside = ("key", "disclosure__request__recipient", "disclosure__request__order")
        held = Copy.objects.select_related(*beside).get(pk=copy)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sharing_rows_are_known()")
    return Attempt(held, at)


class Attempt:
    def __init__(self, copy: Copy, at: datetime) -> None:
        assert copy.key is not None  # by constraint: it is being made
        self.copy, self.number, self.at = copy, copy.attempt, at
        self.request: Request = copy.disclosure.request
        self.to = ssh.Recipient.from_str(copy.key.public)
        self.began, self.done = time.monotonic(), 0
        self.formula = False  # whether a spreadsheet would run any of it, were it not made harmless

    def write(self) -> bytes:
        """Both files at once. Their hash: SHA-256 over that of each.

        Raises: Taken, and whatever went wrong while reading or keeping
        """
        made: list[File] = []
        try:
            # One by one: where the second cannot begin, the first is ended all the same.
            made.extend(File(kind, self.request, self.to) for kind in Piece.Format)
            for rows in self._rows():
                for file in made:
                    file.give(rows)
                self._keep(made)
        finally:
            for file in made:
                file.end()
        self._keep(made)
        return sha256(b"".join(file.digest.digest() for file in made)).digest()

    def _rows(self) -> Iterator[list[files.Row]]:
        last, sheet = "", 0
        leaves: list[bytes] = []
        rows = DisclosedRow.objects.filter(copy=self.copy).order_by("tag")
        while batch := given.read(rows.filter(tag__gt=last), AT_ONCE):
            last = batch[-1].tag
            leaves += [each.leaf for each in batch]
            while len(leaves) >= given.SHEET:
                sheet += 1
                self._keep_sheet(sheet, leaves[: given.SHEET])
                leaves = leaves[given.SHEET :]
            words = (value for each in batch for name, value in each.values.items() if name != Field.PHONE)
            self.formula = self.formula or any(map(files.is_formula, words))
            self.done += len(Piece.Format) * len(batch)
            yield [(each.tag, each.values) for each in batch]
        if leaves:
            self._keep_sheet(sheet + 1, leaves)

    def _keep_sheet(self, number: int, leaves: list[bytes]) -> None:
        with transaction.atomic():
            self._go_on()
            Sheet.objects.create(copy=self.copy, number=number, leaves=given.sheet(leaves))

    def _keep(self, made: list[File]) -> None:
        for file in made:
            for number, content in file.pieces():
                with transaction.atomic():
                    self._go_on()
                    Piece.objects.create(copy=self.copy, format=file.kind, number=number, content=content)

    def _go_on(self) -> None:
        passed = timedelta(seconds=time.monotonic() - self.began + settings.COPY_LEASE_SECONDS)
        mine = Copy.objects.filter(pk=self.copy.pk, attempt=self.number, state=Copy.State.BUILDING)
        if not mine.update(done=self.done, leased_until=self.at + passed):
            raise Taken
