"""A webhook of ours reaches no private network, by whatever name it is called."""

import socket

import pytest
import requests

from carinho.services import outgoing


@pytest.fixture
def listener():
    """A port of this machine; what connects to it waits there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_private_address_is_never_connected_to(listener, host):
    with pytest.raises(requests.ConnectionError):
        outgoing.post(f"http://{host}:{listener.getsockname()[1]}/", b"{}", {})
    with pytest.raises(TimeoutError):
        listener.accept()


def test_private_address_is_reached_where_the_setting_allows_it(listener, settings, recwarn):
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
    request = requests.Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/").prepare()
    with pytest.raises(requests.ReadTimeout):  # nobody answers, but it was sent
        outgoing.PublicAdapter().send(request, timeout=(1, 0.1))
    with listener.accept()[0] as connection:
        assert connection.recv(4) == b"POST"
    assert not recwarn.list, "a socket is left to the garbage collection"


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::10.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("2002:a00:1::1", False),
        ("fec0::1", False),
    ],
)
def test_public_is_what_the_internet_routes(address, is_public):
    assert outgoing.is_public(address) is is_public
