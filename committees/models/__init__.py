from committees.models.bodies import Committee, NeighborhoodPermission, Term
from committees.models.notices import Notice

__all__ = ["Committee", "NeighborhoodPermission", "Notice", "Term"]
