from access.models.changes import MethodChange
from access.models.credentials import Credential, Rule, SealedCopy, Template
from access.models.days import SpecialDay
from access.models.enrolment import Enrolment
from access.models.events import EntryEvent
from access.models.face_models import FaceModelUse
from access.models.feed import FeedCounter, FeedRow
from access.models.gates import Device, Gate, PairingCode
from access.models.orders import EmergencyOpening, Lockdown, RemoteOpening
from access.models.passes import Pass, PassGate
from access.models.signs import Sign
from access.models.states import DeviceState, Silence
from access.models.tapping import CardFormat, TapRequest, UnknownCard

__all__ = [
    "CardFormat",
    "Credential",
    "Device",
    "DeviceState",
    "EmergencyOpening",
    "Enrolment",
    "EntryEvent",
    "FaceModelUse",
    "FeedCounter",
    "FeedRow",
    "Gate",
    "Lockdown",
    "MethodChange",
    "PairingCode",
    "Pass",
    "PassGate",
    "RemoteOpening",
    "Rule",
    "SealedCopy",
    "Sign",
    "Silence",
    "SpecialDay",
    "TapRequest",
    "Template",
    "UnknownCard",
]
