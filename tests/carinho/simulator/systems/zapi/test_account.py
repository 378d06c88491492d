"""Z-API's account: who may call, and how it refuses."""

import pytest
import requests

from tests.carinho.simulator.systems.zapi.conftest import TEXT


@pytest.mark.parametrize(
    ("token", "status", "error"),
    [(None, 400, "your client-token is not configured"), ("wrong", 403, "Client-Token not allowed")],
)
def test_call_without_the_right_client_token_is_refused(zapi, token, status, error):
    answer = zapi("POST", "send-text", TEXT, headers={"Client-Token": token})
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_wrong_verb_is_405_and_text_without_json_is_415(zapi, simulator):
    assert zapi("GET", "send-text").status_code == 405
    assert zapi("POST", "send-text", data="phone=5511987654321").status_code == 415
    assert simulator.state()["zapi"]["records"]["messages"] == {}


def test_path_that_leads_nowhere_answers_200_that_is_no_success(zapi, simulator):
    lost = {"error": "NOT_FOUND", "message": "Unable to find matching target resource method"}
    for answer in (
        zapi("POST", "send-txt", TEXT),
        requests.get(f"{simulator.url}/zapi/instances/1", timeout=60),
    ):
        assert (answer.status_code, answer.json()) == (200, lost)


def test_another_instance_is_refused(simulator):
    url = f"{simulator.url}/zapi/instances/other/token/simulator/status"
    assert requests.get(url, headers={"Client-Token": "simulator"}, timeout=60).status_code == 401


def test_account_without_a_token_of_its_own_asks_for_none(zapi, simulator):
    simulator.zapi_settings(token_needed=False)
    assert zapi("GET", "status", headers={"Client-Token": None}).status_code == 200
