from access.models.changes import MethodChange
from access.models.credentials import Credential, Rule, SealedCopy, Template
from access.models.enrolment import Enrolment
from access.models.events import EntryEvent
from access.models.face_models import FaceModelUse
from access.models.feed import FeedCounter, FeedRow
from access.models.gates import Device, Gate, PairingCode
from access.models.passes import Pass, PassGate
from access.models.signs import Sign
from access.models.states import DeviceState, Silence
from access.models.tapping import CardFormat, TapRequest, UnknownCard

__all__ = [
    "CardFormat",
    "Credential",
    "Device",
    "DeviceState",
    "Enrolment",
    "EntryEvent",
    "FaceModelUse",
    "FeedCounter",
    "FeedRow",
    "Gate",
    "MethodChange",
    "PairingCode",
    "Pass",
    "PassGate",
    "Rule",
    "SealedCopy",
    "Sign",
    "Silence",
    "TapRequest",
    "Template",
    "UnknownCard",
]
