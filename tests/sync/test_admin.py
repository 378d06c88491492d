"""The synchronisations in the console: what is seen, what may be done, and what follows."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape as html_unescape

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from sync import runs, worker
from sync.models import SyncDifference, SyncFailure, SyncJob, SyncRun
from tests.clients import logged_in
from tests.sync.conftest import service

JOBS = "/admin/sync/syncjob/"
NAME = "sync.crm_operacao"


@pytest.fixture
def ana(simulator):
    return logged_in("Operador")


@pytest.fixture
def vera(simulator):
    return logged_in("Visualizador", "vera")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr(runs, "wake_worker", lambda name: None)


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.content.decode())


def of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_jobs_page_says_when_each_runs_and_how_it_went(ana, run, load):
    load(NAME, 3)
    run(NAME)
    text = page(ana, JOBS)
    for said in (
        "CRM → Operação",
        "toda hora, no minuto 00",
        "todo dia às 06:00 e 18:00",
        "concluída",
        "em dia",
        "Executar agora: CRM → Operação?",
    ):
        assert said in text
    assert "3 lidos, 3 gravados, 0 sem mudança" in text
    assert "100,0 %" in text
    assert text.count("nunca") == 3


def test_where_nothing_was_compared_nothing_is_said_to_agree(ana, run):
    run(NAME)
    texts = [page(ana, JOBS), page(ana, of(SyncJob.objects.get(pk=NAME)))]
    texts.append(page(ana, "/admin/sync/syncdifference/"))
    for text in texts:
        assert "Nada foi comparado" in text
        assert "100,0" not in text
        assert "concordam em tudo" not in text


def test_a_few_runs_are_told_in_a_sentence_and_more_of_them_as_bars(ana):
    job, began = SyncJob.objects.get_or_create(name=NAME)[0], datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
    for hour in range(3):
        text = page(ana, of(job))
        assert ("O gráfico aparece quando houver mais números." in text) == (hour in (1, 2))
        assert 'class="c-bar' not in text
        times = {
            "started_at": began + timedelta(hours=hour),
            "finished_at": began + timedelta(hours=hour, seconds=3),
        }
        SyncRun.objects.create(job=job, kind="full", status="done", **times)
    assert "Duração das últimas execuções: 10/03 12:00: 3 s, concluída; 10/03 13:00: 3 s" in strip_tags(text)
    assert page(ana, of(job)).count('class="c-bar') == 3


def test_run_now_starts_a_run_in_the_operators_name(ana, load):
    load(NAME, 2)
    ana.post(f"{JOBS}run/", {"ids": NAME, "next": JOBS})
    begun = SyncRun.objects.get()
    assert (begun.job_id, begun.author, begun.status) == (NAME, "user:ana", "running")
    card = page(ana, JOBS).partition(f'id="{NAME}" data-live>')[2].partition("</section>")[0]
    assert "data-moving" in card
    assert "Em execução agora</a> (sincronização)" in card
    worker.go_on(NAME)
    assert "data-moving" not in page(ana, JOBS)
    text = page(ana, of(begun))
    assert "por ana" in text
    assert "Começou, por ana." in text
    assert "Terminou: concluída." in text


def test_start_while_it_runs_is_told_and_starts_nothing(ana):
    runs.create_run(NAME, author="user:bia")
    answer = ana.post(f"{JOBS}run/", {"ids": NAME}, follow=True)
    assert "CRM → Operação" in answer.content.decode()
    assert SyncRun.objects.count() == 1


def test_paused_job_says_by_whom_and_why_until_it_is_resumed(ana):
    ana.post(f"{JOBS}pause/", {"ids": NAME, "reason": "inventário"})
    text = page(ana, JOBS)
    assert "pausada por ana: inventário" in text
    ana.post(f"{JOBS}resume/", {"ids": NAME})
    assert "pausada por" not in page(ana, JOBS)
    assert SyncJob.objects.get(pk=NAME).resumed_at is not None


def test_running_run_shows_its_progress_and_is_cancelled_from_its_page(ana, run, load):
    load(NAME, 10)
    run(NAME)
    begun = runs.create_run(NAME, author="schedule")
    SyncRun.objects.filter(pk=begun.pk).update(
        processed=4, waiting_for="operacao", waiting_since=begun.started_at
    )
    text = page(ana, reverse("admin:sync_syncrun_progress", args=[begun.pk]))
    assert 'max="10" value="4"' in text
    assert "espera por Operação" in text
    assert "por agenda" in page(ana, of(begun))
    assert "cerca de 10, como da última vez" in text
    ana.post("/admin/sync/syncrun/cancel/", {"ids": begun.pk})
    assert "Cancelada por ana." in page(ana, of(begun))


def test_job_says_the_same_of_its_first_run_on_each_page(ana):
    job, panel = SyncJob.objects.get_or_create(name=NAME)[0], "/admin/"
    checked = runs.create_run(NAME, author="user:ana", kind="check")
    for html in (page(ana, of(job)), page(ana, panel)):
        assert "ainda não sincronizou</span>" in html
    assert "Em execução agora</a> (conferência)</h2>" in page(ana, of(job))
    runs.cancel(checked.pk, actor="user:ana")
    first = runs.create_run(NAME, author="schedule")
    SyncRun.objects.filter(pk=first.pk).update(waiting_for="operacao", waiting_since=first.started_at)
    row = page(ana, panel).partition('id="syncs"')[2].partition(f'title="{NAME}"')[2].partition("</tr>")[0]
    assert "em execução, espera por Operação</span>" in row
    html = page(ana, of(job))
    assert "em execução</span> </header>" in html
    assert "Em execução agora</a> (sincronização), espera por Operação" in html


def test_run_of_chosen_records_says_of_how_many(ana):
    begun = runs.create_run(NAME, author="user:ana", kind="records", chosen={"failures": [1, 2, 3]})
    text = page(ana, reverse("admin:sync_syncrun_progress", args=[begun.pk]))
    assert 'max="3" value="0"' in text
    assert "0 registros até agora · de 3" in text


def test_run_that_could_not_read_says_why_in_portuguese_and_what_then(ana, run, load, simulator):
    load(NAME, 2)
    simulator.fault("crm", status=422, path="/contracts")
    failed = run(NAME)
    said = (
        "CRM recusou o pedido e nada foi lido. Use Executar agora: se recusar de novo, avise quem cuida dele."
    )
    of_run, of_job = page(ana, of(failed)), page(ana, of(SyncJob.objects.get(pk=NAME)))
    for html in (of_run, of_job):
        assert said in strip_tags(html)
        assert "Simulated" not in strip_tags(html)
        assert 'title="Failed to list contracts in CRM: Simulated 422 (answered 422)"' in html
    assert "CRM não deixou ler: recusou o pedido." in of_run


@pytest.mark.parametrize("status", [401, 403])
def test_run_that_failed_for_the_key_asks_for_an_administrator(ana, run, simulator, status):
    simulator.fault("crm", status=status, path="/contracts")
    html = page(ana, of(run(NAME)))
    link = '<a href="/admin/monitoring/alert/contacts/#administradores">um administrador</a>'
    assert f"CRM não aceita a nossa chave e nada foi lido: avise {link}." in html
    assert "CRM não deixou ler: não aceita a nossa chave." in html
    assert "recusar de novo" not in html


def test_failed_records_are_listed_with_a_button_for_one_and_for_all(ana, run, load, simulator):
    load("sync.cuidadores_crm", 3)
    simulator.fault("crm", status=422, path="/caregivers/", body={"message": "Closed"})
    failed = run("sync.cuidadores_crm")
    text = page(ana, of(failed))
    assert text.count("Failed to update caregiver in CRM: Closed") == 3
    assert "Tentar 3 registros de novo" in text
    assert 'status=open">3</a>' in page(ana, JOBS)
    listed = page(ana, "/admin/sync/syncfailure/?job_id=sync.cuidadores_crm&status=open")
    assert listed.count("Closed") == 3
    simulator.heal("crm")
    one = SyncFailure.objects.get(key="2")
    assert "5511900000002" not in page(ana, of(one))
    ana.post("/admin/sync/syncfailure/retry/", {"ids": one.pk})
    worker.go_on("sync.cuidadores_crm")
    one.refresh_from_db()
    assert one.status == "resolved"
    assert SyncFailure.objects.filter(status="open").count() == 2


def test_difference_is_corrected_by_its_button(ana, run, load, simulator):
    load(NAME, 3)
    run(NAME)
    load(NAME, 1, first=3, status="ended")
    simulator.load({"operacao": {"schedules": [{"contract_id": 2, "client_id": 7}]}})
    check = run(NAME, "check")
    text = page(ana, of(check))
    assert "campos diferentes" in text
    assert "<b>cliente</b> <del>7</del> → <ins>1002</ins>" in text
    assert "sobra no destino" in text
    wrong, orphan = SyncDifference.objects.get(key="2"), SyncDifference.objects.get(key="3")
    assert "Acertar 1 agenda na Operação" in page(ana, of(wrong))
    assert "encerre a agenda do contrato" in page(ana, of(orphan))
    asked = {"action": "correct", "_selected_action": [wrong.pk, orphan.pk]}
    question = ana.post("/admin/sync/syncdifference/", asked).content.decode()
    assert "Acertar 1 agenda na Operação?" in question
    answer = ana.post("/admin/sync/syncdifference/correct/", {"ids": wrong.pk})
    assert answer.url == of(SyncRun.objects.first())  # where the end is told when it is known
    worker.go_on(NAME)
    assert "os dois lados concordam" in page(ana, answer.url)
    assert list(SyncDifference.objects.filter(closed_at=None)) == [orphan]


def test_page_of_a_job_tells_what_is_open_its_runs_and_who_did_what(ana, run, load, simulator):
    job = of(SyncJob.objects.get(pk=NAME))
    text = page(ana, job)
    assert "Ainda não rodou nenhuma vez" in text
    assert "Ninguém mexeu" in text
    load(NAME, 3)
    simulator.fault("operacao", status=422, path="/schedules/2", body={"message": "Closed"})
    ana.post(f"{JOBS}run/", {"ids": NAME})
    worker.go_on(NAME)
    text = page(ana, job)
    assert "cliente 1002 · R$ 1.200,00" in text
    assert "Corrija o registro em" not in text
    assert "3 lidos, 2 gravados, 1 com falha" in text
    assert "ana</td><td>executou a sincronização" in text
    assert f'href="{job}"' in page(ana, JOBS)


def main_buttons(html):
    """What stands out on a page before anything is opened."""
    closed = re.sub(r'<div id="[^"]*" popover.*?</form> </div>', "", html)
    return re.findall(r'class="c-button c-primary"[^>]*>(?:<span[^>]*>\w+</span>)?([^<]+)<', closed)


def test_records_that_were_refused_have_one_main_button_and_stand_once(ana, run, load, simulator):
    load(NAME, 3)
    simulator.fault("operacao", status=422, path="/schedules/", times=2, body={"message": "Closed"})
    failed = run(NAME)
    for address in (of(SyncJob.objects.get(pk=NAME)), of(failed)):
        html = page(ana, address)
        text = strip_tags(html)
        assert "2 registros não foram levados a Operação. O sistema não aceitou os dados." in text
        assert main_buttons(html) == ["Corrigir o primeiro de 2"]
        assert "Tentar 2 registros de novo" in text
        assert text.count("É o mesmo registro com falha") == 2
        assert "Criar" not in text
        assert "precisa de você" not in text
    assert main_buttons(page(ana, JOBS)).count("Ver o que fazer") == 1
    simulator.heal("operacao")
    ana.post("/admin/sync/syncfailure/retry/", {"ids": ",".join(map(str, ids_of(SyncFailure)))})
    worker.go_on(NAME)
    assert main_buttons(page(ana, of(SyncJob.objects.get(pk=NAME)))) == []


def ids_of(model):
    return model.objects.values_list("pk", flat=True)


def test_refusal_of_our_key_is_no_matter_of_the_data(ana, run, load, simulator):
    load(NAME, 1)
    simulator.fault("operacao", status=403, path="/schedules/")
    run(NAME)
    html = page(ana, of(SyncJob.objects.get(pk=NAME)))
    assert main_buttons(html) == ["Tentar 1 registro de novo"]
    assert "conferir as chaves de Operação e de CRM" in strip_tags(html)


def test_what_is_missing_is_shown_and_its_correction_is_the_main_button(ana, run, load):
    load(NAME, 2)
    run(NAME, "check")
    html = page(ana, of(SyncJob.objects.get(pk=NAME)))
    assert "2 registros não estão iguais em CRM e em Operação" in strip_tags(html)
    assert main_buttons(html) == ["Criar 2 agendas na Operação"]
    assert "<b>cliente</b> <ins>1001</ins>" in html


def test_run_that_read_nothing_offers_another_run_and_one_that_went_well_nothing(ana, run, load, simulator):
    load(NAME, 1)
    simulator.fault("crm", status=422, path="/contracts")
    run(NAME)
    job = of(SyncJob.objects.get(pk=NAME))
    assert main_buttons(page(ana, job)) == ["Executar agora"]
    simulator.heal("crm")
    run(NAME)
    assert main_buttons(page(ana, job)) == []


def test_advice_on_a_failed_record_names_only_what_can_be_done_there(ana, run, load, simulator):
    load(NAME, 1)
    simulator.fault("operacao", status=422, path="/schedules/1", body={"message": "Closed"})
    run(NAME)
    text = page(ana, of(SyncFailure.objects.get()))
    assert "corrija o registro em CRM também" in text
    assert "arquive" not in text.lower()
    assert "Corrigir e reenviar" not in text


def test_retry_while_the_job_runs_says_so(ana, run, load, simulator):
    load(NAME, 1)
    simulator.fault("operacao", status=422, path="/schedules/1")
    run(NAME)
    runs.create_run(NAME, author="user:bia")
    answer = ana.post(
        "/admin/sync/syncfailure/retry/", {"ids": SyncFailure.objects.get().pk}, follow=True
    ).content.decode()
    assert "A sincronização está em execução agora" in answer


def test_dry_run_lists_on_its_page_what_would_be_written(ana, load):
    load(NAME, 2)
    ana.post(f"{JOBS}dry/", {"ids": NAME})
    worker.go_on(NAME)
    text = page(ana, of(SyncRun.objects.get()))
    assert "2 gravações seriam feitas" in text
    assert text.count("gravar pela primeira vez") == 2


def test_viewer_sees_the_pages_and_may_do_nothing(vera, run, load, simulator):
    load(NAME, 2)
    simulator.fault("operacao", status=422, path="/schedules/2")
    failed = run(NAME)
    assert "disabled" in page(vera, JOBS)
    page(vera, of(failed))
    addresses = {
        f"{JOBS}run/": NAME,
        f"{JOBS}pause/": NAME,
        "/admin/sync/syncrun/cancel/": failed.pk,
        "/admin/sync/syncfailure/retry/": SyncFailure.objects.get().pk,
        "/admin/sync/syncdifference/correct/": 1,
    }
    for address, ids in addresses.items():
        assert vera.post(address, {"ids": ids}).status_code == 403, address


def test_lists_of_runs_failures_and_differences_open(ana, run, load):
    load(NAME, 1)
    run(NAME)
    for model in ("syncrun", "syncfailure", "syncdifference"):
        page(ana, f"/admin/sync/{model}/")
    assert "1 · 1 · 0 · 0" in page(ana, f"/admin/sync/syncrun/?job_id={NAME}&kind=full")


def test_a_failed_record_says_in_portuguese_what_happened_and_keeps_the_technical_text_closed(
    ana, simulator, run
):
    unreadable, unknown = service(8, amount="abc"), service(9, client_id=950_001)
    simulator.load({"operacao": {"services": [unreadable, unknown]}})
    done = run("sync.operacao_financeiro")
    words = {"8": "Registro ilegível na origem", "9": "O cadastro não existe no sistema"}
    for row in SyncFailure.objects.all():
        for address in ("/admin/sync/syncfailure/", of(done), of(done.job), of(row)):
            html = page(ana, address)
            shown = strip_tags(re.sub(r"<pre>.*?</pre>", "", html))
            assert words[row.key] in shown
            assert row.reason not in html_unescape(shown)
        assert row.reason in html_unescape(html)
    assert "no amount" not in ana.post("/admin/sync/syncfailure/export/csv/").getvalue().decode()
