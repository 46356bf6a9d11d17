from residents.models.erasure import ErasureOrder, ErasurePlace
from residents.models.living import Death, Departure, Guardianship, Helper, MoveOut
from residents.models.lookup import LookUp
from residents.models.people import ClaimCode, Occupancy, Ownership, Resident
from residents.models.places import Building, Neighborhood, Unit
from residents.models.users import User

__all__ = [
    "Building",
    "ClaimCode",
    "Death",
    "Departure",
    "ErasureOrder",
    "ErasurePlace",
    "Guardianship",
    "Helper",
    "LookUp",
    "MoveOut",
    "Neighborhood",
    "Occupancy",
    "Ownership",
    "Resident",
    "Unit",
    "User",
]
