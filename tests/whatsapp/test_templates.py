"""The messages people receive."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from events.demo import samples
from events.flow import Flow
from whatsapp import messages, templates
from whatsapp.checks import every_message_can_be_written
from whatsapp.templatetags.whatsapp_text import as_shown
from whatsapp.zapi import WhatsApp


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(templates, "folder", lambda: tmp_path)
    templates.text.cache_clear()
    yield tmp_path
    templates.text.cache_clear()


def written(**variables):
    return messages.render(messages.Message("hello", to="", **variables), own_texts={})


def test_variables_are_put_in_and_everything_else_stays(folder):
    (folder / "hello.txt").write_text("*{{ greeting }}*, são R$ 5 {de} {{amount}} & $amount\n")
    assert written(greeting="Olá", amount="{{ x }}") == "*Olá*, são R$ 5 {de} {{ x }} & $amount"


@pytest.mark.parametrize("broken", ["{{ Name }}", "{{ name", "{{ a b }}", "{{ a.b }}", "{{}}"])
def test_place_that_is_no_variable_is_named(folder, broken):
    (folder / "hello.txt").write_text(broken)
    with pytest.raises(ValueError, match=r"hello\.txt has a place that is not a variable"):
        written(name="x", a="x")


def test_variable_that_was_not_given_is_an_error(folder):
    (folder / "hello.txt").write_text("{{ name }}")
    with pytest.raises(KeyError, match="name"):
        written(nome="x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Maria da Silva", "Olá, Maria"),
        ("MARIA", "Olá, Maria"),
        ("joão pedro", "Olá, João"),
        ("D'Ávila Souza", "Olá, D'Ávila"),
        ("josé-carlos", "Olá, José-Carlos"),
        ("McCoy", "Olá, McCoy"),
        ("http://example.com ganhe", "Olá"),
        ("*Banco*", "Olá"),
        ("5511987654321", "Olá"),
        ("😀", "Olá"),
        ("", "Olá"),
        (templates.NAMELESS, "Olá"),
        ("Undefined", "Olá"),
        ("null null", "Olá"),
        ("None", "Olá"),
        ("NaN", "Olá"),
        ("Sem nome", "Olá"),
        ("(desconhecido)", "Olá"),
        ("Nullo Bianchi", "Olá, Nullo"),
        ("M" * 31, "Olá"),
    ],
)
def test_greeting_uses_the_first_name_and_nothing_that_is_no_name(name, expected):
    assert templates.greeting(name) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1234.56", "R$ 1.234,56"),
        ("0.00", "R$ 0,00"),
        ("150", "R$ 150,00"),
        ("1234567.80", "R$ 1.234.567,80"),
    ],
)
def test_money_is_written_as_in_brazil(amount, expected):
    assert templates.money(amount) == expected


def test_moment_is_told_by_the_clocks_of_sao_paulo():
    moment = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
    assert templates.day_and_time(moment) == "terça-feira, 24/11, às 22h30"
    assert templates.day_and_time(moment + timedelta(hours=10, minutes=30)) == "quarta-feira, 25/11, às 9h"
    assert templates.day(moment) == "terça-feira, 24/11"
    assert templates.day(moment.replace(tzinfo=None)) == "quarta-feira, 25/11"


def test_text_that_somebody_wrote_has_lines_as_all_others_and_no_broken_place():
    assert templates.parse("  Olá, {{ name }}\r\nTudo bem?\n").template == "Olá, {{ name }}\nTudo bem?"
    with pytest.raises(ValueError, match="a place that is not a variable"):
        templates.parse("Olá, {{ Name }}")


def test_every_message_of_the_flows_can_be_written():
    assert every_message_can_be_written() == []


def test_message_without_a_file_or_with_a_variable_nobody_gives_stops_the_start(folder):
    (folder / "lead_welcome.txt").write_text("{{ greeting }}, {{ city }}!")
    found = {error.msg for error in every_message_can_be_written()}
    assert "lead.created.send_welcome cannot write its message: KeyError('city')" in found
    assert any(
        msg.startswith("service.scheduled.tell_client") and "FileNotFoundError" in msg for msg in found
    )


def test_event_without_a_sample_cannot_be_rehearsed(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "FOLDER", tmp_path)
    writing = [step for flow in Flow.registry.values() for step in flow.steps.values() if step.to is WhatsApp]
    assert len(every_message_can_be_written()) == len(writing)


def test_texts_avoid_the_words_for_which_whatsapp_bans_numbers():
    for path in templates.folder().glob("*.txt"):
        written = path.read_text().lower()
        assert not [word for word in ("boleto", "pix", "cartão") if word in written], path.name


def test_every_text_has_a_title_that_nobody_is_sent():
    for name in templates.names():
        assert templates.title(name) != name
        assert templates.title(name) not in templates.text(name).template


def test_message_without_a_file_or_a_title_is_called_by_its_name(folder):
    (folder / "untitled.txt").write_text("Olá")
    assert [templates.title(name) for name in ("gone", "untitled")] == ["gone", "untitled"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("*Carinho com Você*!", "<strong>Carinho com Você</strong>!"),
        ("_Se *não* quiser_", "<em>Se <strong>não</strong> quiser</em>"),
        ("2*3*4 e a_b_c", "2*3*4 e a_b_c"),
        ("*aberto\nfechado*", "*aberto\nfechado*"),
        ("<b>*x*</b>", "&lt;b&gt;<strong>x</strong>&lt;/b&gt;"),
    ],
)
def test_marks_are_shown_as_whatsapp_shows_them(written, shown):
    assert as_shown(written) == shown


@pytest.mark.parametrize("piece", ["*_~", "*a", "_a ", "~ ", "*_~a~_*"])
def test_hostile_marks_are_shown_and_lose_nothing_but_marks(piece):
    shown = re.sub("</?(strong|em|s)>", "", as_shown(piece * 3000))
    assert re.sub("[*_~]", "", shown) == re.sub("[*_~]", "", piece * 3000)


def test_every_text_of_a_flow_is_previewed_as_the_sample_of_its_event_would_read():
    unfilled = [
        name for name in templates.names() if "(" in "".join(messages.sample(name).variables.values())
    ]
    assert not unfilled
    read = messages.render(messages.sample("payment_received"), own_texts={})
    assert "R$ 1.234,56" in read
    assert messages.sample("ask_feedback").choices == messages.rating_of(9001)


def test_text_of_the_console_is_used_and_gives_way_when_it_lost_a_variable():
    message = messages.sample("payment_received")
    assert messages.render(message, {"payment_received": "Pago: {{ amount }}"}) == "Pago: R$ 1.234,56"
    assert messages.render(message, {"payment_received": "Pago: {{ gone }}"}) == messages.render(message, {})
