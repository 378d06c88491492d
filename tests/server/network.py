"""Machines of a network: each is a namespace of Linux with an address and a cable of its own, as root."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

NAME = "carinho"
HUB = "10.213.7.1"  # where the database, the broker and the systems are
MACHINES = {f"worker-{number}": f"10.213.7.{10 + number}" for number in (1, 2)}


def is_allowed() -> bool:
    """Whether this machine lets us make namespaces."""
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


def command_prefix(machine: str) -> list[str]:
    """What runs a command on it."""
    return ["nsenter", f"--net=/run/netns/{NAME}-{machine}"]


@contextmanager
def connected() -> Iterator[None]:
    """All machines on one bridge, which goes with the block."""
    with ExitStack() as stack:
        ip(f"link add {NAME} type bridge")
        stack.callback(ip, f"link del {NAME}")
        ip(f"addr add {HUB}/24 dev {NAME}")
        ip(f"link set {NAME} up")
        for machine, address in MACHINES.items():
            space = f"{NAME}-{machine}"
            ip(f"netns add {space}")
            stack.callback(ip, f"netns del {space}")
            ip(f"link add {machine} type veth peer name eth0 netns {space}")
            ip(f"link set {machine} master {NAME} up")
            ip(f"-n {space} addr add {address}/24 dev eth0")
            for device in ("lo", "eth0"):
                ip(f"-n {space} link set {device} up")
        yield


def cut_off(machine: str) -> None:
    """Nothing comes from it any more, and nothing reaches it; it notices only by waiting."""
    ip(f"link set {machine} down")


def connect_again(machine: str) -> None:
    ip(f"link set {machine} up")


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)
