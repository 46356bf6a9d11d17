"""Pictures of signed papers: sealed under a key of their own, and gone with the yes that they prove (laws 4 and 9).

A picture is decoded and written anew in memory, so that of the file that came nothing is left but what can be seen. Each has
a key of its own: were it one for each person, stopping one consent would destroy the proof of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from django.db.models import Q

from consent.models import Paper, PaperScan, Standing
from residents import effects
from residents.erasure import Place
from residents.models import ErasurePlace
from vault import keys, sealing

PURPOSE = "paper"
# Its deleted versions stay in the file until it is rewritten.
TABLE = PaperScan._meta.db_table


class PictureRefused(Exception):
    """`reason` is one of `gate.photos.Refusal` that is about a picture, not about a face."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Scan:
    """A picture on its way into the register: sealed, and not written yet."""

    def __init__(self, *, paper: Paper, picture: bytes) -> None:
        """The slow part, outside a transaction. Raises: PictureRefused"""
        plain: bytes = effects.call("plain_picture", picture=picture)
        self.paper = paper.pk
        self.hash = hashlib.sha256(plain).digest()
        self.key = uuid4()
        keys.ensure(id=self.key, subject=paper.resident_id, purpose=PURPOSE)
        self.sealed = sealing.encrypt(key=self.key, plaintext=plain, context=_context(paper.pk))

    def write(self, paper: Paper, at: datetime) -> PaperScan:
        assert paper.pk == self.paper
        return PaperScan.objects.create(
            paper=paper, neighborhood_id=paper.neighborhood_id, key=self.key, sealed=self.sealed, made_at=at
        )


def picture(scan: PaperScan) -> bytes:
    """The JPEG in the clear. For a second clerk who may read it, and nobody else."""
    return sealing.decrypt(key=scan.key, ciphertext=bytes(scan.sealed), context=_context(scan.paper_id))


def delete_proofs(standing: Standing) -> list[Place]:
    """Of the yes that ends here: the paper it was given on, and those of other guardians who had said the same."""
    decided = Q(decision=standing.decision_id) | Q(
        resident=standing.resident_id, decision__purpose=standing.purpose
    )
    return delete(Paper.objects.filter(decided, scan__isnull=False).values_list("pk", flat=True))


def delete(papers: Iterable[UUID]) -> list[Place]:
    """Inside the act that ends what they proved; what an erasure order must still hear of."""
    gone = PaperScan.objects.filter(paper__in=list(papers))
    places = []
    for paper, key in gone.values_list("paper", "key"):
        places += [
            Place(kind=ErasurePlace.Kind.ROWS, target=paper),
            Place(kind=ErasurePlace.Kind.KEY, target=key),
        ]
    gone.delete()
    return places


def rows_left(target: UUID) -> int:
    return PaperScan.objects.filter(paper=target).count()


def are_in(order: UUID) -> bool:
    """Whether that order is about a picture of a paper too."""
    targets = ErasurePlace.objects.filter(order=order, kind=ErasurePlace.Kind.ROWS).values("target")
    return Paper.objects.filter(pk__in=targets).exists()


def _context(paper: UUID) -> str:
    return f"consent.paper|{paper}"
