from committees.models.bodies import Committee, NeighborhoodPermission, Term

__all__ = ["Committee", "NeighborhoodPermission", "Term"]
