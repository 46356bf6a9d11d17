"""Bodies, terms and rights; what bodies let residents know, and what residents ask of them."""

from committees.models.bodies import Committee as Committee
from committees.models.bodies import NeighborhoodPermission as NeighborhoodPermission
from committees.models.bodies import Term as Term
from committees.models.bodies import TermQuerySet as TermQuerySet
from committees.models.files import NoticeFile as NoticeFile
from committees.models.notices import Notice as Notice
from committees.models.rights import RightsChange as RightsChange
from committees.models.service import ALLOWED as ALLOWED
from committees.models.service import ServicePhoto as ServicePhoto
from committees.models.service import ServiceRequest as ServiceRequest
from committees.models.service import ServiceRequestQuerySet as ServiceRequestQuerySet
from committees.models.service import ServiceStep as ServiceStep
from committees.models.service import ServiceWords as ServiceWords
