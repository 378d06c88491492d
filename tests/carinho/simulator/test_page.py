"""The page for people: what arrived last, in words, and safe to show."""

import requests


def page(simulator):
    answer = requests.get(simulator.url, timeout=60)
    assert answer.headers["Content-Type"].startswith("text/html")
    return answer.text


def test_page_shows_each_system_even_before_anything_arrived(simulator):
    text = page(simulator)
    for label in (
        "CRM",
        "Operação",
        "Financeiro",
        "Cuidadores",
        "Atendimento",
        "Marketing",
        "WhatsApp (Z-API)",
    ):
        assert f"<h2>{label}</h2>" in text
    assert text.count("Nada chegou ainda.") == 7
    assert "http" not in text.replace('http-equiv="refresh"', "")


def test_posted_lead_and_its_message_are_seen(call, zapi, simulator):
    call("POST", "/crm/api/v1/leads", {"name": "Maria Souza", "phone": "5511987654321"})
    zapi("POST", "send-text", {"phone": "5511987654321", "message": "Olá, Maria!"})
    text = page(simulator)
    assert "Cadastro de lead" in text
    assert "Maria Souza · 5511987654321" in text
    assert "5511987654321 · Olá, Maria!" in text


def test_whatsapp_has_buttons_and_says_that_its_phone_is_away(simulator):
    text = page(simulator)
    for order, title in (("receive", "Receber mensagem"), ("pair", "Ler o QR code")):
        assert f'<button data-order="zapi/{order}">{title}</button>' in text
    assert "celular desconectado" not in text
    requests.post(f"{simulator.url}/_control/zapi/disconnect", timeout=60)
    assert "celular desconectado" in page(simulator)


def test_what_was_sent_is_shown_as_text(call, simulator):
    call("POST", "/crm/api/v1/leads", {"name": "<script>alert(1)</script>", "phone": "5511987654321"})
    assert "<script>alert" not in page(simulator)
    assert "&lt;script&gt;alert(1)" in page(simulator)


def test_faults_and_what_they_did_are_said_in_words(call, simulator):
    simulator.fault("crm", status=503)
    simulator.fault("operacao", slow=50)
    simulator.fault("zapi", down=True)
    call("GET", "/crm/api/v1/leads")
    call("DELETE", "/crm/nowhere")
    text = page(simulator)
    for words in (
        "responde 503",
        "lento: 50 ms",
        "fora do ar",
        "Procura de lead",
        "Chamada desconhecida",
        "2 chamadas",
    ):
        assert words in text
