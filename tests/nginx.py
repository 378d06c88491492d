"""docker/nginx.conf on the real nginx, as one process of this machine."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carinho.embedded.processes import ROOT
from tests.processes import eventually, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@dataclass(frozen=True)
class Proxy:
    """The ports of http and https, and the certificate to believe."""

    plain: int
    tls: int
    certificate: Path


@contextmanager
def proxy(folder: Path, upstreams: Sequence[int]) -> Iterator[Proxy]:
    """nginx in front of these ports of this machine."""
    made = Proxy(free_port(), free_port(), folder / "fullchain.pem")
    key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "privkey.pem")]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "1"]
    subprocess.run([*key, "-out", str(made.certificate), *subject], check=True, capture_output=True)
    conf = (ROOT / "docker" / "nginx.conf").read_text()
    for ours, here in (
        ("server web:8000 ", " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in upstreams) + " #"),
        ("listen 80;", f"listen 127.0.0.1:{made.plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{made.tls} ssl;"),
        ("/etc/nginx/tls/", f"{folder}/"),
    ):
        assert ours in conf
        conf = conf.replace(ours, here)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} pid {folder}/pid; daemon off; worker_processes 1;"
        f"events {{}} http {{ access_log off; {paths}\n{conf} }}"
    )
    process = subprocess.Popen([str(NGINX), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
    try:
        assert eventually(lambda: listens(made.tls))
        yield made
    finally:
        process.terminate()
        process.wait(120)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
