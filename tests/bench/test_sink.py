import json

import pytest

from tests.bench.sink import Connection, Ledger


class Transport:
    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    @property
    def answer(self):
        return json.loads(self.written.rpartition(b"\r\n\r\n")[2])


@pytest.fixture
def connection():
    made = Connection(Ledger(), later=lambda _seconds, function, *answer: function(*answer))
    made.connection_made(Transport())
    return made


def ask(connection, request: str):
    connection.transport.written = b""
    connection.data_received(request.replace("\n", "\r\n").encode())
    return connection.transport.answer


SEND = 'POST /zapi/instances/i/token/t/send-text HTTP/1.1\ncontent-length: 11\n\n{"a":"oi!"}'


def test_call_that_comes_in_pieces_is_noted_once_whole_and_answered_with_ids_of_its_own(connection):
    connection.data_received(b"POST /crm/api/v1/clients/42/history HTTP/1.1\r\nContent-Length: 8\r\n\r\n{")
    assert not connection.transport.written
    assert ask(connection, '"b": 1}') == {"data": {"id": 1}}
    assert ask(connection, SEND)["messageId"] == "M2"
    [history, sent] = ask(connection, "GET /_bench/calls HTTP/1.1\n\n")
    assert (history["system"], history["path"], history["body"]) == (
        "crm",
        "/api/v1/clients/42/history",
        {"b": 1},
    )
    assert sent["system"] == "zapi"


def test_looks_are_answered_and_are_no_calls_of_a_delivery(connection):
    assert ask(connection, "GET /zapi/instances/i/token/t/status HTTP/1.1\n\n")["connected"] is True
    queue = ask(connection, "POST /zapi/instances/i/token/t/queue HTTP/1.1\nContent-Length: 2\n\n{}")
    assert queue["messages"] == []
    assert ask(connection, "GET /_bench/calls HTTP/1.1\n\n") == []


def test_slow_sink_answers_later_and_reset_forgets_its_calls_but_gives_no_id_again(connection):
    waited = []
    connection.later = lambda seconds, *_: waited.append(seconds)
    ask(connection, "GET /_bench/slow/50 HTTP/1.1\n\n")
    connection.data_received(SEND.replace("\n", "\r\n").encode())
    assert waited == [0.05]
    ask(connection, "GET /_bench/slow/0 HTTP/1.1\n\n")
    ask(connection, "GET /_bench/reset HTTP/1.1\n\n")
    assert ask(connection, "GET /_bench/calls HTTP/1.1\n\n") == []
    assert ask(connection, SEND)["messageId"] == "M2"
