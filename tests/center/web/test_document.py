"""The HTTP API under requests that schemathesis generates from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.core.parameters import ParameterLocation

from gatepass.center.people import tokens
from gatepass.center.web import api
from tests.center.service import Service, served
from tests.center.web.site import Site

schema = schemathesis.openapi.from_dict(api.openapi())


@pytest.fixture
def service(site: Site) -> Iterator[Service]:
    with served(site.center) as running:
        yield running


@pytest.fixture
def token(site: Site) -> str:
    return tokens.issue(site.center, site.actors["maria"], "schemathesis").reveal()


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_match_the_document(case: schemathesis.Case, service: Service, token: str) -> None:
    # The token is the only header of the document: a case with a wrong one keeps it.
    header = case.meta.components.get(ParameterLocation.HEADER) if case.meta else None
    headers = {} if header and header.mode.is_negative else {"Authorization": f"Bearer {token}"}
    case.call_and_validate(service.address, headers=headers)
