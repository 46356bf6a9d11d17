"""After each kind of erasure no byte is left but where the certificate says so: on a gate that has not answered yet.

One house for all kinds: the worker, beat, web and two agents are real. Everybody has a face at a gate, photos on their way, a
name, a number, an address that mail went to, a card, a PIN, a sentence at the desk and one at the register. First all of it
is found; while the gates are offline, what is theirs to delete lies there and nowhere else; then nothing does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.mail import get_connection

from access import changing, enrolment, gates, pairing, retiring, rules
from access.models import Enrolment, Gate, Template
from committees.models import Committee, Term
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from portal import outages, sweeps
from residents import certificates, deaths, outbox
from residents.models import Death, ErasureOrder, ErasurePlace, Message, Neighborhood, Resident, RightsRequest, User
from tests import make
from tests.cast import staff
from tests.changing.conftest import Passing
from tests.changing.conftest import days_pass as days_pass
from tests.enrolling import two_portraits
from tests.live import Live
from tests.processes.doors import Door
from tests.processes.scanner import Scanner
from tests.processes.test_a_person_goes import known, move_out
from vault.models import Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Kind, State = ErasurePlace.Kind, ErasurePlace.State
A_YEAR, A_MONTH = timedelta(days=365), timedelta(days=31)
