"""What every event costs does not grow with the events that are stored: its statements find them by an index.

The indexes leave blanks out, and PostgreSQL uses one only for a statement that leaves them out as well.
"""

import pytest
from django.db.models import Q
from django.utils import timezone

from carinho.database import run
from events import failing_steps, failure_groups, rejecting_systems
from events.engine import moves
from events.flows.documents_consent_revoked import REVOKED_BEFORE
from events.intake import ingestion
from events.models import DeadLetter, DeadLetterStatus, Event, RejectedRequest

pytestmark = pytest.mark.django_db

MANY_DEAD_LETTERS = """
WITH delivery AS (
    INSERT INTO events_delivery
        (event_id, step, service, subject, after, status, attempts, finished_at, created_at)
    SELECT id, 's', 'crm', subject, '', 'done', 1, now(), now() FROM events_event
    RETURNING id, event_id, subject
)
INSERT INTO events_deadletter
    (delivery_id, event_id, event_type, service, step, subject, kind, cause, reason, status)
SELECT id, event_id, 'lead.created', 'crm', 's', subject, 'unavailable', (event_id / 2 %% 100)::text, '',
       CASE event_id %% 2 WHEN 0 THEN 'open' ELSE 'retrying' END
FROM delivery
"""


@pytest.fixture(autouse=True)
def many_events(db):
    """So many that no index is as good as another, whatever earlier tests left the planner to believe."""
    now = timezone.now()
    Event.objects.bulk_create(
        Event(
            source="site",
            key=f"{number}",
            type="lead.created",
            subject=f"client:{number}",
            phone=f"55119{number:08}",
            occurred_at=now,
            data={},
        )
        for number in range(2000)
    )
    run("ANALYZE events_event", [])


def plan_of(statement, parameters):
    run("SET LOCAL enable_seqscan = off", [])  # the tables are small here: what is read whole has no index
    return "\n".join(line for (line,) in run(f"EXPLAIN {statement}", parameters))


def test_consent_of_who_is_named_at_the_door_is_looked_up_by_an_index():
    plan = plan_of(REVOKED_BEFORE, [["client:1"], ["5511987654321"]])
    assert "Seq Scan on events_event" not in plan


def test_erased_event_that_comes_again_is_looked_up_by_an_index():
    plan = plan_of(ingestion.INSERT, ["[]"])
    assert "Seq Scan on events_event known" not in plan


@pytest.mark.parametrize("statement", [moves.CLAIM, moves.CLAIM_IN_PARTITION])
def test_number_of_a_person_whose_event_names_none_is_looked_up_by_an_index(statement):
    plan = plan_of(statement, {"service": "crm", "places": 32, "lease": 60, "index": 1, "of": 4})
    (due,) = (line for line in plan.splitlines() if "events_delivery due" in line)
    assert "Seq Scan" not in due
    (scan,) = (line for line in plan.splitlines() if "events_event known" in line)
    assert "event_subject" in scan


@pytest.mark.parametrize("only", ["", failure_groups.OF_THESE])
def test_figures_of_groups_are_read_in_their_order_from_the_index_that_is_theirs(only):
    run(MANY_DEAD_LETTERS, [])
    run("ANALYZE events_deadletter", [])
    for other in ("enable_sort", "enable_hashagg", "enable_bitmapscan"):  # for so few they would do as well
        run(f"SET LOCAL {other} = off", [])
    statement = failure_groups.COUNTS.format(only=only)
    plan = plan_of(statement, {"lately": timezone.now(), "many": 1_000, "ids": [7]})
    assert plan.count("Index Only Scan using dead_letter_of_group") == 3
    assert "Sort" not in plan
    filters = {line.strip() for line in plan.splitlines() if "Filter" in line}
    assert filters == {"Filter: ((state)::text <> 'resolved'::text)", "One-Time Filter: (NOT known.is_large)"}


def test_people_of_several_groups_are_read_from_that_index_too():
    run(MANY_DEAD_LETTERS, [])
    run("ANALYZE events_deadletter", [])
    run("SET LOCAL enable_bitmapscan = off", [])  # for so few it would do as well
    plan = plan_of(failure_groups.PEOPLE, {"numbers": [0, 0], "ids": [1, 2]})
    assert plan.count("Index Only Scan using dead_letter_of_group") == 1


def test_when_a_system_last_accepted_is_found_among_what_that_system_did():
    run(MANY_DEAD_LETTERS, [])
    run("ANALYZE events_delivery", [])  # all are of this system, so the index of all ends would do as well
    given = {"services": ["crm"], "moments": [timezone.now()], "longest": rejecting_systems.KEPT_IN_MIND}
    given |= {"causes": rejecting_systems.CAUSES, "enough": 5, "most": 1}
    plan = plan_of(rejecting_systems.OF_THESE, given)
    assert plan.count("using delivery_done") == 2
    assert "delivery_over" not in plan


def test_items_left_by_a_system_that_rejected_everything_are_found_by_when_they_failed():
    run(MANY_DEAD_LETTERS, [])
    run("ANALYZE events_delivery", [])
    run("ANALYZE events_deadletter", [])
    run("SET LOCAL enable_bitmapscan = off", [])  # for so few it would do as well
    given = {"services": ["crm"], "longest": rejecting_systems.KEPT_IN_MIND, "most": 30, "enough": 5}
    plan = plan_of(rejecting_systems.OF_OPEN_ITEMS, given | {"causes": rejecting_systems.CAUSES})
    assert plan.count("using dead_letter_open_failed") == 2
    assert plan.count("using delivery_done") == 2
    assert "using dead_letter_failed" in plan


def test_search_of_open_items_by_a_number_reads_no_item_but_those_with_a_note():
    run(MANY_DEAD_LETTERS, [])
    run("UPDATE events_deadletter SET note = 'Nova chave' WHERE id %% 400 = 0", [])
    run("ANALYZE events_deadletter", [])
    wanted = Q(pk=7) | Q(event_id=7) | Q(note__gt="") & Q(note__icontains="7")
    items = DeadLetter.objects.filter(wanted, status=DeadLetterStatus.OPEN).order_by()
    run("SET LOCAL enable_seqscan = off", [])  # the table is small here: what is read whole has no index
    plan = items.explain()
    assert "dead_letter_open_noted" in plan
    assert "dead_letter_of_group" not in plan


def test_rejected_requests_that_wait_are_found_among_all_that_were_settled():
    RejectedRequest.objects.bulk_create(
        RejectedRequest(
            source="site", code="invalid", detail="?", status_code=422, is_proven=True,
            accepted_by="" if number % 100 == 0 else "user:ana",
        )
        for number in range(2000)
    )  # fmt: skip
    run("ANALYZE events_rejectedrequest", [])
    waiting = RejectedRequest.objects.waiting()
    for read in (waiting.order_by("pk")[:1], waiting.order_by("-pk")[:10_000]):
        assert "rejected_request_waiting" in read.explain()


def test_failing_step_is_found_without_reading_all_that_its_system_ever_took():
    run(MANY_DEAD_LETTERS, [])
    run("ANALYZE events_delivery, events_deadletter", [])
    plan = plan_of(failing_steps.STEPS, {"causes": failing_steps.CAUSES})
    lines = plan.splitlines()
    (done,) = (number for number, line in enumerate(lines) if "on events_delivery done" in line)
    assert "finished_at > last.at" in lines[done + 1]
    assert "dead_letter_of_group on events_deadletter letter" in plan
