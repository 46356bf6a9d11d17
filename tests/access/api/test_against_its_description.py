"""Whatever schemathesis thinks of, by the API's own description and against it: answered as described, and never by a fault.

Each request is signed, so that it comes as far as what is described; and some are not, and come no further."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gate import wire

pytestmark = pytest.mark.django_db

DOCUMENT = json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))  # type: ignore[no-untyped-call]
API = schemathesis.openapi.from_dict(DOCUMENT)
ACTS = {
    f"{found.ok().method.upper()} {found.ok().path.removeprefix('/api/gate/v1/')}": found.ok()
    for found in API.get_all_operations()
    if found.ok().path.startswith("/api/gate/v1/")
}
EXAMPLES = 40
# A format has no bounds to describe: moments are thought of in years that a clock of ours may show, else hardly any is good.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)).map(
        datetime.isoformat
    ),
)


def test_every_act_is_described():
    assert set(ACTS) == {"GET feed", "POST events", "POST keys", "POST pair", "POST receipts"}


def sent(case: Any, key: Ed25519PrivateKey, keyid: str, signed: bool) -> httpx.Response:
    content = b"" if isinstance(case.body, NotSet) else case.body
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    query = urlencode(case.query or {}, doseq=True)
    headers = {}
    if signed:
        headers = wire.sign_request(
            key=key,
            method=case.method.upper(),
            path=case.path,
            query=query,
            body=content,
            created=int(time.time()),
            keyid=keyid,
            nonce=wire.new_nonce(),
        )
    url = case.path + (f"?{query}" if query else "")
    said = Client().generic(case.method, url, content, content_type="application/json", headers=headers)
    asked = httpx.Request(case.method, f"http://testserver{url}", content=content)
    answer = httpx.Response(said.status_code, headers=dict(said.headers), content=said.content, request=asked)
    answer.elapsed = timedelta()
    return answer


@pytest.mark.obligation("F20", "F3")
@pytest.mark.parametrize("act", sorted(ACTS))
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as said", "otherwise"]
)
def test_it_answers_as_described(reader, act, mode):
    key, keyid = reader.key, str(reader.device.pk)
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=ACTS[act].as_strategy(generation_mode=mode), signed=st.booleans())
    def conforms(case: Any, signed: bool) -> None:
        if act == "POST pair" and signed:
            answer = sent(case, key, wire.PAIRING_KEYID, True)
        else:
            answer = sent(case, key, keyid, signed)
        seen.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        assert signed or answer.status_code >= 400
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    conforms()
    assert seen
    if act == "POST receipts" and mode is GenerationMode.POSITIVE:
        assert 200 in seen  # it came as far as what it is for
