"""What a callback is about, read from its body: its key, its messages, its person, its time."""

from datetime import UTC, datetime, timedelta

import pytest

from events.intake.envelope import RequestRejected
from whatsapp.callbacks import body as bodies
from whatsapp.contacts import Identity

NOW = datetime(2026, 1, 23, 12, tzinfo=UTC)
MESSAGE = {
    "type": "ReceivedCallback",
    "instanceId": "I",
    "messageId": "M1",
    "chatLid": "1@lid",
    "phone": "5511987654321",
}
STATUS = {"type": "MessageStatusCallback", "instanceId": "I", "status": "READ", "ids": ["M1", "M2"]}


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (MESSAGE, "ReceivedCallback:I:1@lid::M1::"),
        (MESSAGE | {"chatLid": None}, "ReceivedCallback:I:5511987654321::M1::"),
        (MESSAGE | {"chatLid": None, "phone": None}, "ReceivedCallback:I:::M1::"),
        (MESSAGE | {"fromMe": True}, "ReceivedCallback:I:1@lid:ours:M1::"),
        (MESSAGE | {"isEdit": True, "momment": 5}, "ReceivedCallback:I:1@lid::M1:edit@5:"),
        (MESSAGE | {"isEdit": True}, "ReceivedCallback:I:1@lid::M1:edit@:"),
        (MESSAGE | {"waitingMessage": True, "notification": "CALL"}, "ReceivedCallback:I:1@lid::M1::waiting"),
        (MESSAGE | {"notification": "CALL"}, "ReceivedCallback:I:1@lid::M1::CALL"),
        ({"type": "DeliveryCallback", "messageId": "M1", "zaapId": "Z1"}, "DeliveryCallback::M1:"),
        ({"type": "DeliveryCallback", "zaapId": "Z1", "error": "no"}, "DeliveryCallback::Z1:error"),
        (STATUS, "MessageStatusCallback:I:READ:M1:M2"),
        ({"type": "ConnectedCallback", "instanceId": "I", "momment": 5}, "ConnectedCallback:I:5"),
        ({"type": "DisconnectedCallback", "momment": 6}, "DisconnectedCallback::6"),
    ],
)
def test_key_names_what_makes_one_callback_another(body, key):
    assert bodies.key_of(body) == key
    assert bodies.key_of(body | {"senderName": "Rui"}) == key


@pytest.mark.parametrize(
    "body",
    [
        {"type": "ReceivedCallback", "phone": "5511987654321"},
        {"type": "DeliveryCallback"},
        {"type": "MessageStatusCallback", "status": "READ", "ids": []},
        {"type": "ConnectedCallback"},
        {"type": "PresenceChatCallback", "messageId": "M1", "momment": 5},
        MESSAGE | {"messageId": "M" * 200},
        {},
    ],
)
def test_callback_without_ids_is_known_by_all_that_it_says(body):
    key = bodies.key_of(body)
    assert key.startswith("body:")
    assert bodies.key_of(dict(reversed(body.items()))) == key
    assert bodies.key_of(body | {"senderName": "Rui"}) != key
    assert len(key) < bodies.LONGEST_KEY


def test_key_has_the_length_that_its_column_holds():
    around = len("ReceivedCallback:I:1@lid::::")
    longest = MESSAGE | {"messageId": "M" * (bodies.LONGEST_KEY - around)}
    assert len(bodies.key_of(longest)) == bodies.LONGEST_KEY
    assert bodies.key_of(longest).startswith("ReceivedCallback:")


def test_status_of_several_messages_is_one_callback_each_with_what_is_small():
    small, large = "x" * bodies.LONGEST_VALUE, "x" * (bodies.LONGEST_VALUE + 1)
    parts = bodies.parts_of(
        STATUS | {"id": "M3", "note": small, "text": large, "list": [1], "more": {"a": 1}}
    )
    shared = {"type": "MessageStatusCallback", "instanceId": "I", "status": "READ", "note": small}
    assert parts == [shared | {"ids": [id], "id": id} for id in ("M1", "M2", "M3")]


@pytest.mark.parametrize("body", [STATUS | {"ids": ["M1"]}, MESSAGE | {"ids": ["M1", "M2"]}])
def test_callback_about_one_message_or_of_another_type_stays_whole(body):
    assert bodies.parts_of(body) == [body]


def test_status_is_about_a_thousand_messages_at_most():
    ids = [str(number) for number in range(bodies.MOST_IDS)]
    assert len(bodies.parts_of(STATUS | {"ids": ids})) == bodies.MOST_IDS
    with pytest.raises(RequestRejected) as refused:
        bodies.parts_of(STATUS | {"ids": [*ids, "one more"]})
    assert (refused.value.code, refused.value.status) == ("too_many_ids", 422)


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"ids": ["M1", 2, "M1", "", None, {}], "messageId": "M3", "id": "M4"}, ["M1", "2", "M3", "M4"]),
        ({"ids": "M1", "messageId": "M2"}, ["M2"]),
        ({"id": "M" * 121}, ["M" * 120]),
        ({}, []),
    ],
)
def test_ids_are_those_of_every_place_once(body, ids):
    assert bodies.ids_of(body) == ids


def test_id_of_a_message_is_empty_for_what_is_none_and_never_too_long():
    assert [bodies.message_id_of(body) for body in ({}, {"messageId": "M" * 121})] == ["", "M" * 120]


@pytest.mark.parametrize(
    ("body", "name", "lid"),
    [
        ({"senderName": "Rui", "chatName": "Lia"}, "Rui", "2@lid"),
        ({"senderName": "5511987654321", "chatName": "Lia"}, "Lia", "2@lid"),
        ({"senderName": 7, "chatName": None}, "", "2@lid"),
        ({"senderName": "Rui", "chatName": "Lia", "fromMe": True}, "Lia", ""),
        ({"senderName": "Rui", "chatLid": "1@lid"}, "Rui", "1@lid"),
    ],
)
def test_person_is_the_other_one_of_the_conversation(body, name, lid):
    who = bodies.identity_of({"phone": "5511987654321", "senderLid": "2@lid"} | body)
    assert who == Identity(lid=lid, phone="5511987654321", typed="5511987654321", name=name)


@pytest.mark.parametrize(
    ("momment", "at"),
    [
        (int(NOW.timestamp() * 1000), NOW),
        (int(NOW.timestamp()), NOW),
        (str(int(NOW.timestamp()) - 60), NOW - timedelta(minutes=1)),
        (datetime(2020, 1, 1, tzinfo=UTC).timestamp(), datetime(2020, 1, 1, tzinfo=UTC)),
        (datetime(2019, 12, 31, tzinfo=UTC).timestamp(), NOW),
        (NOW.timestamp() + 1, NOW),
        (float("inf"), NOW),
        (1e300, NOW),
        ("?", NOW),
        (None, NOW),
    ],
)
def test_time_is_read_in_milliseconds_or_seconds_and_is_none_of_the_future(momment, at):
    assert bodies.timestamp_of(momment, otherwise=NOW) == at


@pytest.mark.parametrize(("raw", "code"), [(b"{", "invalid_json"), (b"[1]", "invalid_callback")])
def test_what_is_no_object_is_refused_with_its_reason(raw, code):
    with pytest.raises(RequestRejected) as refused:
        bodies.parse(raw)
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_what_no_database_can_store_is_left_out():
    raw = b'\xef\xbb\xbf{"a\\u0000": ["\\ud83d", NaN, 1e999, 1.5, {"b": "\\u0000c"}], "d": "\xff"}'
    assert bodies.parse(raw) == {"a": ["\ufffd", None, None, 1.5, {"b": "c"}], "d": "\ufffd"}
