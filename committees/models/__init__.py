"""Bodies, terms and rights; what residents ask of a body."""

from committees.models.bodies import Committee as Committee
from committees.models.bodies import NeighborhoodPermission as NeighborhoodPermission
from committees.models.bodies import Term as Term
from committees.models.bodies import TermQuerySet as TermQuerySet
from committees.models.service import ALLOWED as ALLOWED
from committees.models.service import ServicePhoto as ServicePhoto
from committees.models.service import ServiceRequest as ServiceRequest
from committees.models.service import ServiceRequestQuerySet as ServiceRequestQuerySet
from committees.models.service import ServiceStep as ServiceStep
from committees.models.service import ServiceWords as ServiceWords
