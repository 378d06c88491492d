"""A TypeScript client made from the OpenAPI document sends an event and finds it again."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from carinho.access import api_keys
from tests.browser import NO_NPM

SOURCE = Path(settings.BASE_DIR) / "tests/typescript_client"
FILES = ("package.json", "package-lock.json", "tsconfig.json", "client.ts")


@pytest.mark.skipif(not shutil.which("npm"), reason=NO_NPM)
def test_typescript_client_sends_an_event_and_finds_it(live_server, tmp_path):
    for name in FILES:
        shutil.copy(SOURCE / name, tmp_path)

    def run(*command: str, **environ: str) -> str:
        options = {"cwd": tmp_path, "capture_output": True, "text": True, "env": os.environ | environ}
        done = subprocess.run(command, check=False, **options)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    call_command("spectacular", "--format", "openapi-json", "--file", str(tmp_path / "schema.json"))
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    run(
        "node_modules/.bin/openapi-typescript",
        "schema.json",
        "--output",
        "schema.d.ts",
        "--default-non-nullable",
        "false",
    )
    run("node_modules/.bin/tsc")
    _, key = api_keys.create("parceiro", ["read", "events"], actor="test")
    said = json.loads(run("node", "client.js", HUB=live_server.url, KEY=key))
    assert said["sent"]["duplicate"] is False
    assert (said["found"]["id"], said["found"]["type"]) == (said["sent"]["event_id"], "lead.created")
    assert list(said["refused"]["fields"]) == ["data.name"]
