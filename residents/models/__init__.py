from residents.models.erasure import ErasureOrder, ErasurePlace
from residents.models.lookup import LookUp
from residents.models.people import ClaimCode, Occupancy, Ownership, Resident
from residents.models.places import Building, Neighborhood, Unit
from residents.models.retention import RetentionRun
from residents.models.users import User

__all__ = [
    "Building",
    "ClaimCode",
    "ErasureOrder",
    "ErasurePlace",
    "LookUp",
    "Neighborhood",
    "Occupancy",
    "Ownership",
    "Resident",
    "RetentionRun",
    "Unit",
    "User",
]
