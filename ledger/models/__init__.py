"""What the ledger keeps: entries and their openings; the tree over them; what was signed of the tree, and by whom."""

from ledger.models.checkpoints import Checkpoint, Cosignature, Witness
from ledger.models.entries import Entry, Opening
from ledger.models.tree import Leaf, Tile, Waiting

__all__ = ["Checkpoint", "Cosignature", "Entry", "Leaf", "Opening", "Tile", "Waiting", "Witness"]
