"""Without PostgreSQL the fire is skipped; `tests/center/conftest.py` says so."""

from tests.center import postgres

collect_ignore = [] if postgres.programs() else ["test_fire.py"]
