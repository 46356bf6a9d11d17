"""Bodies, terms and rights; what bodies let residents know, what residents ask of them, and how the owners vote."""

from committees.models.bodies import Committee as Committee
from committees.models.bodies import NeighborhoodPermission as NeighborhoodPermission
from committees.models.bodies import Term as Term
from committees.models.bodies import TermQuerySet as TermQuerySet
from committees.models.files import NoticeFile as NoticeFile
from committees.models.meetings import Head as Head
from committees.models.meetings import HeadOwner as HeadOwner
from committees.models.meetings import HeadUnit as HeadUnit
from committees.models.meetings import Meeting as Meeting
from committees.models.meetings import Naming as Naming
from committees.models.meetings import Topic as Topic
from committees.models.notices import Notice as Notice
from committees.models.service import ALLOWED as ALLOWED
from committees.models.service import ServicePhoto as ServicePhoto
from committees.models.service import ServiceRequest as ServiceRequest
from committees.models.service import ServiceRequestQuerySet as ServiceRequestQuerySet
from committees.models.service import ServiceStep as ServiceStep
from committees.models.service import ServiceWords as ServiceWords
from committees.models.voting import Ballot as Ballot
from committees.models.voting import Entry as Entry
from committees.models.voting import Outcome as Outcome
from committees.models.voting import Proxy as Proxy
from committees.models.voting import Result as Result
from committees.models.voting import Sheet as Sheet
from committees.models.voting import Turnout as Turnout
from committees.models.voting import Urn as Urn
