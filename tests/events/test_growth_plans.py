"""What every event costs does not grow with the events that are stored: its statements find them by an index.

The indexes leave blanks out, and PostgreSQL uses one only for a statement that leaves them out as well.
"""

import pytest

from carinho.database import run
from events.engine import moves
from events.flows.documents_consent_revoked import REVOKED_BEFORE
from events.intake import ingestion

pytestmark = pytest.mark.django_db


def plan_of(statement, parameters):
    run("SET LOCAL enable_seqscan = off", [])  # the tables are small here: what is read whole has no index
    return "\n".join(line for (line,) in run(f"EXPLAIN {statement}", parameters))


def test_consent_of_who_is_named_at_the_door_is_looked_up_by_an_index():
    plan = plan_of(REVOKED_BEFORE, [["client:1"], ["5511987654321"]])
    assert "Seq Scan on events_event" not in plan


def test_erased_event_that_comes_again_is_looked_up_by_an_index():
    plan = plan_of(ingestion.INSERT, ["[]"])
    (line,) = (line for line in plan.splitlines() if "events_event known" in line)
    assert "Index" in line


@pytest.mark.parametrize("statement", [moves.CLAIM, moves.CLAIM_IN_PARTITION])
def test_number_of_a_person_whose_event_names_none_is_looked_up_by_an_index(statement):
    plan = plan_of(statement, {"service": "crm", "places": 32, "lease": 60, "index": 1, "of": 4})
    (due,) = (line for line in plan.splitlines() if "events_delivery due" in line)
    assert "Seq Scan" not in due
    (scan,) = (line for line in plan.splitlines() if "events_event known" in line)
    assert "event_subject" in scan
