from residents.models.alarm import Alarm, AlarmRead
from residents.models.archiving import Archive
from residents.models.asking import Instruction, RequestWords, RightsRequest
from residents.models.auditing import MinorsAudit, MinorsAuditQuerySet
from residents.models.backup import Backup, Restoration
from residents.models.certifying import Closing, ErasureCertificate
from residents.models.deskwork import DeskAct
from residents.models.erasure import ErasureOrder, ErasurePlace
from residents.models.handing_out import HandOut
from residents.models.holding import HeldRow, Hold, HoldAct
from residents.models.importing import Import, ImportRow
from residents.models.letters import Letter, LetterBatch
from residents.models.living import Death, Departure, Guardianship, Helper, MoveOut
from residents.models.lookup import Approval, Emergency, EmergencyReview, LookUp
from residents.models.notifying import MailAddress, Message, Wish
from residents.models.people import Occupancy, Ownership, Resident
from residents.models.places import Building, Neighborhood, Unit
from residents.models.retention import Lateness, RetentionRun
from residents.models.signing_in import Passkey, RecoveryCode, SecondStep, Vouching
from residents.models.users import User

__all__ = [
    "Alarm",
    "AlarmRead",
    "Approval",
    "Archive",
    "Backup",
    "Building",
    "Closing",
    "Death",
    "Departure",
    "DeskAct",
    "Emergency",
    "EmergencyReview",
    "ErasureCertificate",
    "ErasureOrder",
    "ErasurePlace",
    "Guardianship",
    "HandOut",
    "HeldRow",
    "Helper",
    "Hold",
    "HoldAct",
    "Import",
    "ImportRow",
    "Instruction",
    "Lateness",
    "Letter",
    "LetterBatch",
    "LookUp",
    "MailAddress",
    "Message",
    "MinorsAudit",
    "MinorsAuditQuerySet",
    "MoveOut",
    "Neighborhood",
    "Occupancy",
    "Ownership",
    "Passkey",
    "RecoveryCode",
    "RequestWords",
    "Resident",
    "Restoration",
    "RetentionRun",
    "RightsRequest",
    "SecondStep",
    "Unit",
    "User",
    "Vouching",
    "Wish",
]
