"""The instance and the numbers WhatsApp knows."""

import pytest


def test_status_says_connected_beside_an_error_that_is_none(zapi):
    assert zapi("GET", "status").json() == {
        "connected": True,
        "smartphoneConnected": True,
        "error": "You are already connected.",
    }


def test_lost_phone_is_not_connected_and_offers_a_qr_code(zapi, simulator):
    simulator.load({"zapi": {"connected": False}})
    assert zapi("GET", "status").json()["connected"] is False
    assert zapi("GET", "qr-code").json()["value"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("action", ["qr-code", "qr-code/image"])
def test_connected_phone_needs_no_qr_code(zapi, action):
    assert zapi("GET", action).json() == {"connected": True}


def test_instance_and_device_describe_themselves(zapi):
    assert zapi("GET", "me").json()["connected"] is True
    assert zapi("GET", "device").json()["phone"] == "5511940000000"


@pytest.mark.parametrize(
    ("asked", "registered"),
    [
        ("5511987650001", "5511987650001"),
        ("5551987650002", "555187650002"),
        ("555187650002", "555187650002"),
        ("551133330003", "551133330003"),
        ("5521999998888", "5521999998888"),
        ("552199998888", "5521999998888"),
        ("5511987650004", None),
    ],
)
def test_number_is_known_in_the_form_it_was_registered_in(zapi, asked, registered):
    answer = zapi("GET", f"phone-exists/{asked}").json()
    assert (answer["exists"], answer["phone"]) == (registered is not None, registered)


def test_many_numbers_are_looked_up_at_once(zapi):
    answer = zapi("POST", "phone-exists-batch", {"phones": ["5551987650002", "5511987650004"]}).json()
    assert answer == [
        {
            "exists": True,
            "inputPhone": "5551987650002",
            "outputPhone": "555187650002",
            "lid": "100000000000002@lid",
        },
        {"exists": False, "inputPhone": "5511987650004", "outputPhone": "5511987650004", "lid": None},
    ]
    assert zapi("POST", "phone-exists-batch", {"phones": "5551987650002"}).status_code == 400


def test_loaded_number_is_known(zapi, simulator):
    simulator.load({"zapi": {"numbers": {"5521999998888": {"phone": "552199998888", "lid": "1@lid"}}}})
    assert zapi("GET", "phone-exists/5521999998888").json()["phone"] == "552199998888"
