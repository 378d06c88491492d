"""The connection: lost and found, ended, restored, paired anew."""

import base64

import pytest

from carinho.simulator.client import SimulatorError
from tests.carinho.simulator.systems.zapi.conftest import PHONE, TEXT


def send_several(send, count):
    return [send(message=f"{number}") for number in range(count)]


def status(zapi):
    return zapi("GET", "status").json()


def test_loss_is_reported_in_seconds_and_return_in_milliseconds(zapi, simulator, listening):
    simulator.zapi_disconnect()
    [lost] = listening.wait_for(1, "DisconnectedCallback")
    assert (lost["disconnected"], lost["error"]) == (True, "Device has been disconnected")
    assert lost["momment"] < 10**11
    simulator.zapi_connect()
    [back] = listening.wait_for(1, "ConnectedCallback")
    assert (back["connected"], back["phone"]) == (True, "5511940000000")
    assert back["momment"] > 10**12


def test_messages_sent_meanwhile_wait_and_go_out_in_order_on_return(send, simulator, listening):
    simulator.zapi_disconnect()
    ids = send_several(send, 3)
    assert simulator.zapi_pending()["queue"] == 3
    assert {it["status"] for it in simulator.zapi_truth()["messages"].values()} == {"QUEUED"}
    simulator.zapi_connect()
    listening.wait_for(3, "DeliveryCallback")
    delivered = [it["body"]["messageId"] for it in simulator.zapi_callbacks(type="DeliveryCallback")]
    assert delivered[::-1] == ids


def test_receipts_wait_until_the_connection_is_back(send, simulator, listening):
    simulator.zapi_settings(speed=5)
    listening.before_answer = lambda body: (
        simulator.zapi_disconnect() if body["type"] == "DeliveryCallback" else None
    )
    message = send()
    listening.wait_for(1, "DisconnectedCallback")
    assert not simulator.zapi_wait(2.5)  # longer than it takes to read
    assert "READ" not in listening.statuses(message)
    simulator.zapi_connect()
    assert simulator.zapi_wait()
    assert listening.statuses(message) == ["SENT", "RECEIVED", "READ"]


def test_message_that_came_meanwhile_is_reported_on_return(simulator, listening):
    simulator.zapi_disconnect()
    came = simulator.zapi_receive(text="Estou esperando")["messageId"]
    listening.wait_for(1, "DisconnectedCallback")
    assert listening.of("ReceivedCallback") == []
    simulator.zapi_connect()
    assert listening.wait_for(1, "ReceivedCallback")[0]["messageId"] == came


def test_full_queue_refuses_as_the_setting_says(zapi, simulator, listening):
    simulator.zapi_settings(queue_full_status=429)
    simulator.zapi_disconnect(queued=1_000)
    assert zapi("POST", "send-text", TEXT).status_code == 429
    assert zapi("DELETE", "queue").json() == {"value": True}
    assert zapi("POST", "send-text", TEXT).status_code == 200


def test_instance_may_be_reported_to_queue_nothing_while_away(zapi, simulator):
    answer = zapi("PUT", "update-queue-settings", {"disableEnqueueWhenDisconnected": True})
    assert answer.json() == {"success": True}
    assert zapi("POST", "send-text", TEXT).status_code == 200
    simulator.zapi_disconnect()
    assert zapi("POST", "send-text", TEXT).status_code == 400


def test_flapping_connection_loses_nothing(send, simulator, listening):
    simulator.zapi_flap(times=3, seconds=2)
    ids = send_several(send, 4)
    assert simulator.zapi_wait()
    assert len(listening.of("DisconnectedCallback")) == 3
    assert len(listening.of("ConnectedCallback")) == 3
    truth = simulator.zapi_truth()
    assert [truth["messages"][key]["status"] for key in ids] == ["READ"] * 4
    assert truth["people"][PHONE] == {"0": 1, "1": 1, "2": 1, "3": 1}


def test_phone_without_internet_leaves_the_instance_connected(zapi, simulator):
    simulator.zapi_phone(online=False)
    assert status(zapi) == {
        "connected": True,
        "smartphoneConnected": False,
        "error": "You are already connected.",
    }


@pytest.mark.parametrize("action", ["restore-session", "restart"])
def test_kept_session_is_brought_back_without_a_qr_code(zapi, simulator, listening, action):
    simulator.zapi_disconnect()
    assert status(zapi)["error"] == "You need to restore the session."
    assert zapi("GET", action).json() == {"value": True}
    listening.wait_for(1, "ConnectedCallback")
    assert status(zapi)["connected"] is True


@pytest.mark.parametrize("action", ["restore-session", "restart"])
def test_ended_session_does_not_come_back_by_itself(zapi, simulator, listening, action):
    simulator.zapi_disconnect(keeps_session=False)
    assert status(zapi)["error"] == "You are not connected."
    assert zapi("GET", action).json() == {"value": True}
    assert simulator.zapi_wait()
    assert status(zapi)["connected"] is False


def test_restart_tells_that_it_is_connected(zapi, listening):
    zapi("GET", "restart")
    listening.wait_for(1, "ConnectedCallback")


def test_after_disconnect_no_webhook_is_sent(zapi, simulator, listening):
    assert zapi("GET", "disconnect").json() == {"value": True}
    zapi("POST", "read-message", {"phone": PHONE, "messageId": "3A01"})
    assert simulator.zapi_wait()
    assert listening.received == []
    assert status(zapi)["error"] == "You are not connected."


def test_shown_qr_code_pairs_the_phone_and_callbacks_come_again(zapi, simulator, listening):
    zapi("GET", "disconnect")
    picture = zapi("GET", "qr-code").json()["value"]
    assert base64.b64decode(picture.partition(",")[2]).startswith(b"\x89PNG")
    assert zapi("GET", "qr-code/image").json()["value"] != picture
    simulator.zapi_pair()
    listening.wait_for(1, "ConnectedCallback")
    assert zapi("GET", "qr-code").json() == {"connected": True}


def test_qr_code_that_is_too_old_pairs_nothing(zapi, simulator):
    simulator.zapi_settings(qr_seconds=0.001)
    simulator.zapi_disconnect(keeps_session=False)
    zapi("GET", "qr-code")
    with pytest.raises(SimulatorError, match="is valid any more"):
        simulator.zapi_pair()


def test_phone_code_is_the_other_way(zapi, simulator):
    simulator.zapi_disconnect(keeps_session=False)
    code = zapi("GET", f"phone-code/{PHONE}").json()["value"]
    with pytest.raises(SimulatorError, match="is valid any more"):
        simulator.zapi_pair("AAAA-0000")
    simulator.zapi_pair(code)
    assert zapi("GET", f"phone-code/{PHONE}").json() == {"connected": True}


@pytest.mark.parametrize("action", ["qr-code", f"phone-code/{PHONE}"])
def test_phone_that_wants_a_passkey_gets_a_challenge_and_no_code(zapi, simulator, action):
    simulator.zapi_settings(passkey=True)
    simulator.zapi_disconnect(keeps_session=False)
    assert zapi("GET", action).json()["challenge"]["type"] == "passkey"


def test_session_that_ends_on_its_way_back_stays_ended(zapi, simulator):
    simulator.zapi_settings(speed=20)
    simulator.zapi_disconnect()
    zapi("GET", "restore-session")
    zapi("GET", "disconnect")
    assert simulator.zapi_wait()
    assert status(zapi)["connected"] is False
