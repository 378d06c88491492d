"""What must hold before anything starts."""

import os
import socket
import subprocess
import sys

import pytest

from carinho.embedded import preflight
from carinho.embedded.preflight import CannotStart


@pytest.mark.parametrize("text", ["abc", "0", "70000", "-1", "8000.5"])
def test_port_that_is_none_is_refused(text):
    with pytest.raises(CannotStart, match="não é uma porta"):
        preflight.port({"PORT": text})


def test_busy_port_is_refused_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"porta {number} já está em uso.*PORT="):
            preflight.port({"PORT": str(number)})


def test_simulator_gets_another_port_than_the_hub():
    first = preflight.free_port()
    assert preflight.free_port(taken=first) != first


def test_two_hubs_never_choose_the_same_simulator():
    choose = "from carinho.embedded import preflight; print(preflight.free_port(), flush=True); input()"
    hubs = [
        subprocess.Popen([sys.executable, "-c", choose], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    chosen = [hub.stdout.readline().strip() for hub in hubs]
    for hub in hubs:
        hub.communicate(b"\n", timeout=240)
    assert all(port.isdigit() for port in chosen)
    assert len(set(chosen)) == 3


def test_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="Não é possível gravar"):
        preflight.room_to_write(tmp_path / "file" / "var")


def test_full_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(CannotStart, match="está cheio"):
        preflight.room_to_write(tmp_path)


def test_second_supervisor_of_a_folder_is_refused(tmp_path):
    with preflight.only_one(tmp_path), pytest.raises(CannotStart, match="já está no ar"):
        preflight.only_one(tmp_path)
    preflight.only_one(tmp_path).close()


def test_secret_key_is_made_once_and_for_its_owner_only(tmp_path):
    made = preflight.secret_key(tmp_path)
    assert len(made) > 50
    assert preflight.secret_key(tmp_path) == made
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_secret_key_that_was_cut_off_while_it_was_made_is_made_anew(tmp_path):
    (tmp_path / "secret_key").touch()
    assert preflight.secret_key(tmp_path)


@pytest.mark.parametrize(
    ("name", "need"), [("secret_key", preflight.secret_key), ("supervisor.lock", preflight.only_one)]
)
def test_file_of_ours_that_cannot_be_opened_is_one_sentence(tmp_path, name, need):
    (tmp_path / name).mkdir()
    with pytest.raises(CannotStart, match=name):
        need(tmp_path)


def test_nobody_else_may_hold_the_lock(tmp_path):
    preflight.only_one(tmp_path).close()
    assert (tmp_path / "supervisor.lock").stat().st_mode & 0o777 == 0o600


def test_folder_that_it_makes_is_closed_to_others(tmp_path):
    preflight.room_to_write(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)
