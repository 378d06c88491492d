"""Where callbacks go, how they look on the wire, and what is kept of them."""

import pytest

from tests.carinho.simulator.systems.zapi.conftest import TEXT

SINGLE = {
    "update-webhook-received": "receivedCallbackUrl",
    "update-webhook-received-delivery": "receivedDeliveryCallbackUrl",
    "update-webhook-delivery": "deliveryCallbackUrl",
    "update-webhook-message-status": "messageStatusCallbackUrl",
    "update-webhook-connected": "connectedCallbackUrl",
    "update-webhook-disconnected": "disconnectedCallbackUrl",
    "update-webhook-chat-presence": "presenceChatCallbackUrl",
}


@pytest.mark.parametrize(("action", "shown"), SINGLE.items())
def test_each_kind_has_an_address_of_its_own(zapi, action, shown):
    assert zapi("PUT", action, {"value": "https://hub.test/x"}).json() == {"value": True}
    me = zapi("GET", "me").json()
    assert [name for name in SINGLE.values() if me[name]] == [shown]
    assert me["receiveCallbackSentByMe"] is (action == "update-webhook-received-delivery")


def test_all_addresses_are_set_and_taken_back_at_once(zapi, listener):
    zapi("PUT", "update-every-webhooks", {"value": listener.url, "notifySentByMe": True})
    me = zapi("GET", "me").json()
    assert {me[name] for name in SINGLE.values()} == {listener.url}
    assert me["receiveCallbackSentByMe"] is True
    zapi("PUT", "update-every-webhooks", {"value": ""})
    assert zapi("GET", "me").json()["receivedCallbackUrl"] is None


def test_address_that_is_none_is_refused(zapi):
    assert zapi("PUT", "update-webhook-received", {"value": "hub"}).status_code == 400
    assert zapi("POST", "update-webhook-received", {"value": "https://hub.test"}).status_code == 405


def test_callback_carries_the_headers_of_zapi(zapi, listening):
    zapi("POST", "send-text", TEXT)
    listening.wait_for(1, "DeliveryCallback")
    headers = listening.headers[0]
    assert headers["content-type"] == "application/json"
    assert headers["origin"] == "https://api.z-api.io"
    assert headers["server"] == "Z-API"
    assert headers["z-api-token"] == "simulator"
    assert headers["user-agent"].startswith("Mozilla/5.0")


def test_only_what_was_asked_for_is_reported(zapi, simulator, listener):
    simulator.zapi_settings(speed=100)
    zapi("PUT", "update-webhook-delivery", {"value": listener.url})
    zapi("POST", "send-text", TEXT)
    assert simulator.zapi_wait()
    assert [body["type"] for body in listener.received] == ["DeliveryCallback"]


def test_log_tells_every_try_with_its_answer(zapi, simulator, listening):
    listening.answers.append(503)
    message = zapi("POST", "send-text", TEXT).json()["messageId"]
    assert simulator.zapi_wait()
    log = simulator.zapi_callbacks(message=message)
    assert (log[-1]["type"], log[-1]["answer"], log[-1]["url"]) == ("DeliveryCallback", 503, listening.url)
    assert {attempt["answer"] for attempt in log[:-1]} == {200}
    assert simulator.zapi_callbacks(type="DeliveryCallback", limit=1) == [log[-1]]


def test_refused_callback_comes_once_and_was_not_notified(zapi, simulator, listening):
    listening.answers.extend([500] * 9)
    message = zapi("POST", "send-text", TEXT).json()["messageId"]
    assert simulator.zapi_wait()
    assert len(listening.received) == 5
    truth = simulator.zapi_truth()["messages"][message]
    assert (truth["status"], truth["notified"]) == ("READ", "QUEUED")


def test_refused_callback_comes_again_when_the_setting_says_so(zapi, simulator, listening):
    simulator.zapi_settings(retry_webhooks=True)
    listening.answers.extend([500, 500])
    zapi("POST", "send-text", TEXT)
    assert simulator.zapi_wait()
    tries = simulator.zapi_callbacks(type="DeliveryCallback")[::-1]
    assert [(it["attempt"], it["answer"]) for it in tries] == [(1, 500), (2, 500), (3, 200)]
    assert tries[0]["body"] == tries[2]["body"]


def test_nobody_at_the_address_is_kept_as_an_error(zapi, simulator):
    simulator.zapi_settings(speed=100)
    zapi("PUT", "update-webhook-delivery", {"value": "http://127.0.0.1:9/none"})
    zapi("POST", "send-text", TEXT)
    assert simulator.zapi_wait()
    [attempt] = simulator.zapi_callbacks()
    assert attempt["answer"] is None
    assert "127.0.0.1:9" in attempt["error"]


def test_reset_forgets_addresses_and_ends_what_was_under_way(zapi, simulator, listening):
    simulator.zapi_settings(speed=0.1)
    zapi("POST", "send-text", TEXT)
    simulator.reset()
    assert simulator.zapi_pending() == {"queue": 0, "tasks": 0}
    assert zapi("GET", "me").json()["deliveryCallbackUrl"] is None
