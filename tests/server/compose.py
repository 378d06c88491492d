"""docker-compose.yml as Docker reads it: command, environment and health check of each service."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from carinho.embedded.processes import ROOT

VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::[-?](?P<default>[^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """What a container runs."""

    command: list[str]
    environment: dict[str, str]
    healthcheck: list[str]
    grace: float  # seconds between SIGTERM and SIGKILL


def services(env: Mapping[str, str]) -> dict[str, Service]:
    """All services by their names, with these variables in place of a file `.env`."""
    file = resolved(yaml.safe_load((ROOT / "docker-compose.yml").read_text()), env)
    return {
        name: Service(
            command=given.get("command") or command_of_the_image(),
            environment={key: str(value) for key, value in given.get("environment", {}).items()},
            healthcheck=health_of(given.get("healthcheck", {}).get("test", [])),
            grace=float(given.get("stop_grace_period", "10s").removesuffix("s")),
        )
        for name, given in file["services"].items()
    }


def health_of(test: list[str]) -> list[str]:
    """As a command: it is given as one, or as a line for the shell."""
    return ["sh", "-c", *test[1:]] if test[:1] == ["CMD-SHELL"] else test[1:]


def command_of_the_image() -> list[str]:
    [line] = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    command: list[str] = json.loads(line)
    return command


def resolved(value: Any, env: Mapping[str, str]) -> Any:
    """With every variable in its place; `$$` is a dollar for the container itself."""
    if isinstance(value, dict):
        return {key: resolved(inner, env) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, env) for inner in value]
    if not isinstance(value, str):
        return value
    return VARIABLE.sub(
        lambda found: env.get(found["name"], found["default"] or "") if found["name"] else "$", value
    )
