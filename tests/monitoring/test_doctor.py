"""`manage.py doctor`: each thing that may be wrong with an installation, made wrong."""

import http.server
import io
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.checks import WARNING, CheckMessage, run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from carinho import health
from carinho.celery import app
from carinho.embedded import preflight
from monitoring import address_checks, doctor, heartbeats
from monitoring.doctor import Examination
from monitoring.examinations import configuration
from monitoring.examinations.clock import compared

pytestmark = pytest.mark.django_db


def bad(name: str) -> list[str]:
    return [finding.sentence for finding in Examination.registry[name].findings() if not finding.is_good]


def wrong(name: str) -> str:
    """The one thing that this examination finds wrong."""
    [sentence] = bad(name)
    return sentence


def doctor_says() -> str:
    said = io.StringIO()
    with pytest.raises(CommandError, match="Há o que corrigir"):
        call_command("doctor", stdout=said)
    return said.getvalue()


class Clock(http.server.BaseHTTPRequestHandler):
    """A system that is an hour late."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timezone.now() - timedelta(hours=1)).timestamp())

    def log_message(self, *given: object) -> None:
        pass


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Clock)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def only_crm(settings: Any) -> Any:
    """Of the systems only CRM and WhatsApp are there, which nobody answers for."""
    nowhere = "http://127.0.0.1:1"
    settings.SYSTEMS = {"crm": settings.SYSTEMS["crm"] | {"url": nowhere}}
    settings.ZAPI = settings.ZAPI | {"url": nowhere}
    settings.HUB_URL = settings.PUBLIC_URL = nowhere
    return settings


def test_all_is_said_part_by_part_and_what_is_wrong_ends_with_an_error(only_crm: Any) -> None:
    said = doctor_says()
    for examination in Examination.registry.values():
        assert str(examination.title) in said
    assert "✓ O banco responde, aceita escrita" in said
    assert (
        "✗ CRM não responde em http://127.0.0.1:1: a conexão foi recusada: nada atende nessa porta." in said
    )


def test_installation_where_all_is_well_ends_without_one(monkeypatch: Any) -> None:
    monkeypatch.setattr(Examination, "registry", {"database": Examination.registry["database"]})
    call_command("doctor", stdout=io.StringIO())


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_rest_is_examined(only_crm: Any, monkeypatch: Any) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nonexistent")
    said = doctor_says()
    assert "✗ Nenhum banco responde em DATABASE_URL ou em `make run`: nada atende lá" in said
    assert "Processos" not in said
    assert "Disco" in said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("HOST", "nobody.invalid", "o nome do servidor não existe"),
        ("NAME", "nenhum", "não há banco ou usuário com esse nome"),
    ],
)
def test_why_no_database_answers_is_said_in_portuguese(
    monkeypatch: Any, setting: str, value: str, reason: str
) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, setting, value)
    assert f"{reason}. Ao suporte: “" in wrong("database")


def test_database_that_only_reads_takes_no_events() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    assert wrong("database").startswith("O banco só aceita leitura")


def test_missing_migration_is_named_with_the_command() -> None:
    assert bad("migrations") == []
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")
    assert wrong("migrations").endswith("Rode: manage.py migrate")


def test_broker_that_is_away_is_said(monkeypatch: Any) -> None:
    assert bad("broker") == []
    elsewhere = type(app)("elsewhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    monkeypatch.setattr(health, "app", elsewhere)
    assert "CELERY_BROKER_URL" in wrong("broker")


def test_process_that_is_silent_or_never_was_is_named() -> None:
    heartbeats.beat("worker")
    heartbeats.beat("beat", timezone.now() - timedelta(minutes=10))
    silent, never = bad("processes")
    assert silent == "O relógio (beat): último sinal de vida há 10 min."
    assert never == "As tarefas agendadas (scheduler): nenhum sinal de vida até hoje."


def test_clock_that_differs_from_the_database_or_a_system_is_said_with_its_distance(only_crm: Any) -> None:
    assert not compared("do banco de dados", timezone.now() + timedelta(minutes=3)).is_good
    with serving() as port:
        only_crm.SYSTEMS["crm"]["url"] = f"http://127.0.0.1:{port}"
        assert wrong("clock") == ("O relógio desta máquina difere 1 h do de crm. Ligue o NTP (timedatectl).")
        assert "CRM" not in wrong("systems"), "who answers is there, whatever the answer"


def test_disk_without_room_is_said(settings: Any, monkeypatch: Any, tmp_path: Path) -> None:
    assert bad("disk") == []
    monkeypatch.setattr(preflight, "NEEDED_BYTES", 2**60)
    assert "está cheio" in wrong("disk")
    settings.VAR_DIR = tmp_path / "file" / "var"
    (tmp_path / "file").write_text("")
    assert "Não é possível gravar" in wrong("disk")


def test_settings_are_judged_as_the_check_command_judges_them(settings: Any) -> None:
    settings.DEMO = True
    assert bad("configuration") == []
    settings.DEMO = False
    assert any("O simulador recebe o que é de" in sentence for sentence in bad("configuration"))


def test_settings_as_bad_as_they_can_be_are_judged_in_portuguese(settings: Any) -> None:
    settings.DEMO = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.DEBUG, settings.ALLOWED_HOSTS, settings.SECRET_KEY = True, [], "short"
    settings.CSRF_TRUSTED_ORIGINS = ["hub.example"]
    settings.CELERY_WORKER_CONCURRENCY, settings.WHATSAPP_QUIET_HOURS = 1, "tarde"
    settings.ALERT_LIMITS = {"ALERT_NOTHING_WARNING": "1"}
    said = bad("configuration")
    ids = {problem.id for problem in run_checks(include_deployment_checks=True)}
    assert ids >= configuration.OF_DJANGO.keys()
    assert len(said) >= len(configuration.OF_DJANGO) + 6
    english = re.compile(r"\b(the|your|you|is|not|with|set|which|and|of)\b", re.IGNORECASE)
    assert not [sentence for sentence in said if english.search(sentence)]


def test_check_that_only_django_explains_is_named_by_its_number(monkeypatch: Any) -> None:
    unknown = CheckMessage(WARNING, "You have not enabled this.", id="security.W099")
    monkeypatch.setattr(configuration, "run_checks", lambda **_: [unknown])
    assert wrong("configuration").startswith("A verificação security.W099 não passou")


def test_certificate_that_ends_soon_or_is_not_believed_is_said(
    only_crm: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    certificate = tmp_path / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "3"]
    command += ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    certificate.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text())
    with serving(certificate) as port:
        only_crm.HUB_URL = f"https://localhost:{port}"
        assert wrong("certificates").endswith(": o certificado não é de quem esta máquina confia.")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert "vale até" in wrong("certificates")
        monkeypatch.setattr("monitoring.examinations.certificates.SOON", timedelta(days=1))
        assert bad("certificates") == []
        only_crm.HUB_URL = f"https://127.0.0.1:{port}"
        assert wrong("certificates").endswith(": o certificado é de outro nome.")


def test_address_that_nobody_knows_or_that_does_not_speak_tls_is_said(
    only_crm: Any, monkeypatch: Any
) -> None:
    assert address_checks.answer("http://nowhere.invalid") == "ninguém conhece esse nome (DNS)"
    with serving() as port:
        assert address_checks.answer(f"https://127.0.0.1:{port}") == "não fala TLS como se espera"
    monkeypatch.setattr(address_checks, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert address_checks.answer(url).startswith("não respondeu em")  # type: ignore[union-attr]


def test_examination_that_breaks_is_something_to_be_told_of(monkeypatch: Any) -> None:
    monkeypatch.setattr(address_checks, "answers", lambda urls: 1 / 0)
    assert wrong("systems") == "Não foi possível verificar: ZeroDivisionError: division by zero."


def test_two_examinations_of_one_name_are_a_mistake() -> None:
    def disk() -> Iterator[Any]:
        yield from ()

    with pytest.raises(ValueError, match="declared twice"):
        doctor.examination("Disco")(disk)
