"""docker-compose.yml as a whole: what `docker compose config` says of it beside its schema (`make check`)."""

import re
from typing import Any

import yaml

from carinho.embedded.processes import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]


def test_each_service_waits_for_one_that_there_is_and_that_says_when_it_is_ready() -> None:
    waits = [
        (name, other, needed["condition"])
        for name, service in SERVICES.items()
        for other, needed in service.get("depends_on", {}).items()
    ]
    assert {other for _name, other, _condition in waits} <= SERVICES.keys()
    for name, other, condition in waits:
        said = "healthcheck" if condition == "service_healthy" else "command"
        assert said in SERVICES[other], f"{name} waits for {other}"
        assert (condition == "service_completed_successfully") == (SERVICES[other].get("restart") == "no")


def test_each_volume_is_declared_or_a_file_of_the_project() -> None:
    mounted = [mount.split(":") for service in SERVICES.values() for mount in service.get("volumes", [])]
    sources = {source for source, *_ in mounted if not source.startswith("$")}
    assert sources - FILE["volumes"].keys() == {"./docker/nginx.conf"}
    assert (ROOT / "docker" / "nginx.conf").is_file()


def test_what_has_no_value_stops_the_start_only_where_a_default_would_be_unsafe() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert needed == {"POSTGRES_PASSWORD", "SECRET_KEY"}
