"""What users live through: real HTTP, processes and PostgreSQL, the simulator as the other systems."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from carinho.simulator.client import Simulator
from events.demo import samples
from tests.journeys.hub import Hub, hub, until


@pytest.fixture(scope="module")
def running_hub() -> Iterator[Hub]:
    with hub() as made:
        yield made


@pytest.fixture
def carinho(running_hub: Hub) -> Hub:
    """The hub with other systems that remember nothing and fail at nothing, and nothing of its own open."""
    running_hub.simulator.reset()
    return running_hub


def lead(number: int, **data: Any) -> dict[str, Any]:
    phone = f"11 9{80_000_000 + number}"
    return {"type": "lead.created", "data": {"name": f"Pessoa {number}", "phone": phone} | data}


def post(carinho: Hub, *bodies: dict[str, Any]) -> list[int]:
    answer = carinho.post("/api/events/batch", {"events": list(bodies)})
    assert answer.status_code in (200, 202, 207), answer.text
    return [item["event_id"] for item in answer.json()["results"]]


def wait_for(carinho: Hub, ids: list[int], *wanted: str) -> None:
    """Each is asked for until it is so, one after the other: the others are not asked for meanwhile."""
    for id in ids:
        until(lambda: carinho.get(f"/api/events/{id}")["status"] in wanted, f"event {id} was {wanted}")  # noqa: B023 -- called before the next


def phones(simulator: Simulator) -> Counter[str]:
    return Counter(row["phone"] for row in simulator.state()["crm"]["records"]["leads"])


def messages(simulator: Simulator) -> Counter[str]:
    """How many messages each person has, by phone."""
    kept = simulator.state()["zapi"]["records"]["messages"]
    return Counter({phone: len(of_one) for phone, of_one in kept.items()})


def test_lead_of_the_site_arrives_in_crm_whatsapp_and_marketing(carinho: Hub) -> None:
    utm = {"source": "google", "medium": "cpc", "campaign": "cuidado-em-casa"}
    answer = carinho.post("/api/events", lead(1, utm=utm))
    assert answer.status_code == 202
    assert answer.json()["status"] == "received"
    wait_for(carinho, [answer.json()["event_id"]], "processed")
    assert phones(carinho.simulator) == {"5511980000001": 1}
    assert messages(carinho.simulator) == {"5511980000001": 1}
    state = carinho.simulator.state()
    assert state["crm"]["records"]["leads"][0]["origin"] == "site"
    assert len(state["marketing"]["records"]["attributions"]) == 1


def test_crm_down_an_hour_and_back_loses_nothing_and_holds_nobody_else(carinho: Hub) -> None:
    carinho.simulator.fault("crm", down=True)
    ids = post(carinho, *[lead(number) for number in range(100, 140)])
    until(lambda: len(messages(carinho.simulator)) == 40, "WhatsApp had all welcomes while CRM was down")
    until(lambda: breaker(carinho, "crm")["state"] == "open", "the circuit of CRM opened")
    assert breaker(carinho, "crm")["held"] > 0
    assert breaker(carinho, "whatsapp")["state"] == "closed"
    carinho.simulator.heal("crm")
    wait_for(carinho, ids, "processed")
    assert carinho.get("/api/dlq")["data"] == []
    assert phones(carinho.simulator) == {f"55119{80_000_000 + number}": 1 for number in range(100, 140)}
    assert set(messages(carinho.simulator).values()) == {1}
    assert breaker(carinho, "crm")["state"] == "closed"


def breaker(carinho: Hub, service: str) -> dict[str, Any]:
    return carinho.get("/circuit-breakers")["services"][service]


def test_rejected_delivery_waits_for_a_person_and_goes_through_after_a_correction_at_the_source(
    carinho: Hub,
) -> None:
    carinho.simulator.load({"crm": {"missing_clients": [77]}})
    body = {
        "type": "payment.received",
        "data": {
            "payment_id": 1,
            "invoice_id": 2,
            "client_id": 77,
            "client_phone": "11980000077",
            "amount": "150.00",
            "paid_at": "2026-01-23T10:30:00-03:00",
        },
    }
    event_id = carinho.post("/api/events", body).json()["event_id"]
    wait_for(carinho, [event_id], "failed")
    (item,) = carinho.get("/api/dlq")["data"]
    assert item["event_id"] == event_id
    assert item["reason"] == "Failed to record history in CRM: Client not found"
    assert len(messages(carinho.simulator)) == 1
    carinho.simulator.reset()
    answer = carinho.post(f"/api/dlq/{item['id']}/retry")
    assert answer.json() == {"message": "Item queued for retry", "event_id": event_id}
    wait_for(carinho, [event_id], "processed")
    assert carinho.get("/api/dlq")["data"] == []
    assert messages(carinho.simulator) == {}, "what was done before the retry is not done again"
    assert carinho.post(f"/api/dlq/{item['id']}/retry").status_code == 409


OVERTAKEN = """
import json
from events.models import DeadLetter
from events.superseded import overtaken
steps = dict(DeadLetter.objects.filter(status="open").values_list("delivery", "step"))
print(json.dumps({steps[id]: event for id, event in overtaken(list(steps)).items()}))
"""


def of_client(type: str, **data: Any) -> dict[str, Any]:
    sample = samples.with_fresh_id(samples.load(type))
    return sample | {"data": sample["data"] | {"client_id": 88} | data}


def test_failed_item_is_overtaken_by_the_newer_event_that_wrote_its_record_and_by_no_other(
    carinho: Hub,
) -> None:
    carinho.simulator.fault("financeiro", status=422, body={"message": "invalid data"})
    visit = of_client("service.completed", service_id=881)
    failed = post(carinho, of_client("client.registered"), visit)
    wait_for(carinho, failed, "failed")
    carinho.simulator.heal("financeiro")
    others = [of_client("payment.received"), of_client("service.cancelled", service_id=882)]
    wait_for(carinho, post(carinho, *others), "processed")
    assert json.loads(carinho.command("shell", "-v0", "-c", OVERTAKEN)) == {}
    changed = of_client("client.updated")
    newer = post(carinho, changed, of_client("service.cancelled", service_id=881))
    wait_for(carinho, newer, "processed")
    found = json.loads(carinho.command("shell", "-v0", "-c", OVERTAKEN))
    assert found == {"create_customer": newer[0], "create_invoice": newer[1]}
    for item in carinho.all("/api/dlq"):
        carinho.post(f"/api/dlq/{item['id']}/archive")


def test_worker_killed_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing(carinho: Hub) -> None:
    carinho.simulator.fault("crm", slow=300)
    ids = post(carinho, *[lead(number) for number in range(200, 260)])
    until(lambda: len(phones(carinho.simulator)) > 5, "some leads were in CRM")
    carinho.kill("celery", "worker")
    carinho.simulator.heal("crm")
    wait_for(carinho, ids, "processed", "failed")  # failed as soon as one of its deliveries is
    until(lambda: len(phones(carinho.simulator)) == len(ids), "all leads were in CRM")
    assert phones(carinho.simulator) == {f"55119{80_000_000 + number}": 1 for number in range(200, 260)}
    sent = messages(carinho.simulator)
    assert set(sent.values()) <= {1}
    in_doubt = {item["event_id"] for item in carinho.all("/api/dlq")}
    assert {item["cause"] for item in carinho.all("/api/dlq")} <= {"unknown_outcome"}
    assert len(sent) + len(in_doubt) >= 60, "who was not told, a person knows of"
    for item in carinho.all("/api/dlq"):
        carinho.post(f"/api/dlq/{item['id']}/archive")


def test_twenty_equal_posts_at_once_make_one_event(carinho: Hub) -> None:
    body = lead(300) | {"id": "site-300"}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: carinho.post("/api/events", body), range(20)))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: 19}
    (event_id,) = {answer.json()["event_id"] for answer in answers}
    wait_for(carinho, [event_id], "processed")
    assert messages(carinho.simulator) == {"5511980000300": 1}


def test_broker_emptied_while_events_wait_delays_and_loses_nothing(carinho: Hub) -> None:
    carinho.kill("celery", "worker")
    ids = post(carinho, *[lead(number) for number in range(400, 420)])
    for message in (Path(carinho.env["VAR_DIR"]) / "broker" / "messages").glob("*"):
        message.unlink(missing_ok=True)
    wait_for(carinho, ids, "processed")
    assert set(messages(carinho.simulator).values()) == {1}


CAREGIVERS = "sync.cuidadores_crm"
RESCHEDULE = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks
often = IntervalSchedule.objects.get_or_create(every=5, period="seconds")[0]
PeriodicTask.objects.filter(name="sync.cuidadores_crm").update(crontab=None, interval=often, enabled={})
PeriodicTasks.update_changed()
"""


def caregiver(number: int) -> dict[str, Any]:
    phone = f"55119{70_000_000 + number}"
    return {"id": number, "name": f"Rosa {number}", "phone": phone, "city": "Santos", "active": True}


def runs_of(carinho: Hub, job: str) -> list[dict[str, Any]]:
    """Newest first; the comparisons are left out."""
    return [
        run for run in carinho.get("/api/sync/runs")["data"] if (run["job"], run["kind"]) == (job, "full")
    ]


def test_schedule_of_an_operator_fires_and_a_run_goes_on_where_its_worker_died(carinho: Hub) -> None:
    carinho.simulator.load({"cuidadores": {"caregivers": [caregiver(number) for number in range(1, 401)]}})
    carinho.simulator.fault("crm", slow=300)
    carinho.command("shell", "-c", RESCHEDULE.format(True))
    until(lambda: any(run["processed"] for run in runs_of(carinho, CAREGIVERS)), "a run had saved a page")
    (run,) = runs_of(carinho, CAREGIVERS)
    assert (run["author"], run["status"]) == ("schedule", "running")
    carinho.command("shell", "-c", RESCHEDULE.format(False))
    carinho.kill("celery", "worker")
    carinho.simulator.heal("crm")
    until(lambda: carinho.get("/dashboard")["sync"][CAREGIVERS]["last_status"] == "done", "the run was done")
    assert sum(run["written"] for run in runs_of(carinho, CAREGIVERS)) >= 400
    known = carinho.simulator.state()["crm"]["records"]["caregivers"]
    assert len(known) == 400


def test_kill_of_everything_after_the_answers_loses_nothing(carinho: Hub) -> None:
    carinho.simulator.fault("crm", slow=200)
    ids = [carinho.post("/api/events", lead(number)).json()["event_id"] for number in range(500, 530)]
    carinho.kill_everything()
    carinho.simulator.heal("crm")
    carinho.start_again()
    wait_for(carinho, ids, "processed", "failed")
    until(lambda: len(phones(carinho.simulator)) == len(ids), "all leads were in CRM")
    assert phones(carinho.simulator) == {f"55119{80_000_000 + number}": 1 for number in range(500, 530)}
    assert set(messages(carinho.simulator).values()) <= {1}
