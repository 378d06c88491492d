"""Z-API's own queue: what waits while the phone is away."""

import pytest

from tests.carinho.simulator.systems.zapi.conftest import PHONE, TEXT


@pytest.fixture
def waiting(zapi, simulator):
    """Twenty-five messages sent while the phone is away."""
    simulator.load({"zapi": {"connected": False}})
    return [zapi("POST", "send-text", {"phone": PHONE, "message": f"{n}"}).json() for n in range(25)]


def sent(simulator):
    return simulator.state()["zapi"]["records"]["messages"].get(PHONE, [])


def test_message_waits_while_the_phone_is_away_and_goes_when_it_is_back(waiting, simulator):
    assert sent(simulator) == []
    simulator.load({"zapi": {"connected": True}})
    assert [message["messageId"] for message in sent(simulator)] == [ids["messageId"] for ids in waiting]
    assert simulator.state()["zapi"]["records"]["queue"] == []


def test_queue_is_read_in_pages(waiting, zapi):
    first = zapi("POST", "queue", {}).json()
    assert [item["ZaapId"] for item in first["messages"]] == [ids["zaapId"] for ids in waiting[:20]]
    assert (first["messages"][0]["Phone"], first["messages"][0]["Message"]) == (PHONE, "0")
    assert first["hasMore"]
    rest = zapi("POST", "queue", {"pagingState": first["pagingState"]}).json()
    assert (len(rest["messages"]), rest["hasMore"], rest["pagingState"]) == (5, False, None)


def test_message_taken_from_the_queue_is_never_sent(waiting, zapi, simulator):
    assert zapi("DELETE", f"queue/{waiting[0]['zaapId']}").json() == {"value": True}
    simulator.load({"zapi": {"connected": True}})
    assert [message["message"] for message in sent(simulator)][:2] == ["1", "2"]


def test_emptied_queue_sends_nothing(waiting, zapi, simulator):
    assert zapi("DELETE", "queue").json() == {"value": True}
    simulator.load({"zapi": {"connected": True}})
    assert sent(simulator) == []


def test_full_queue_refuses_the_next_message(zapi, simulator):
    simulator.load({"zapi": {"connected": False}})
    body = {"phone": PHONE, "message": "Olá"}
    answers = [zapi("POST", "send-text", body).status_code for _ in range(1_001)]
    assert answers == [200] * 1_000 + [400]


def test_page_that_cannot_be_is_refused_and_an_unknown_message_is_taken_out_in_vain(waiting, zapi, simulator):
    assert zapi("POST", "queue", {"pageSize": "many"}).status_code == 400
    assert zapi("DELETE", "queue/NONE").json() == {"value": True}
    assert len(simulator.state()["zapi"]["records"]["queue"]) == len(waiting)


def test_message_taken_out_while_it_is_typed_is_never_sent(zapi, simulator, listening):
    simulator.zapi_settings(speed=10)
    first = zapi("POST", "send-text", TEXT | {"delayTyping": 10}).json()
    zapi("DELETE", f"queue/{first['zaapId']}")
    assert simulator.zapi_wait()
    assert listening.received == []
    assert simulator.zapi_truth()["messages"][first["messageId"]]["status"] == "REMOVED"
