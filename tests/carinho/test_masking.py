import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carinho import masking
from carinho.masking import cut, mask, mask_name, mask_phone, mask_text, scrub

LEAD = {
    "name": "Maria da Silva",
    "phone": "5511987654321",
    "email": "maria.silva@dominio.com",
    "message": "Preciso de cuidadora",
    "city": "Campinas",
    "utm": {"source": "google", "campaign": "verao"},
}
ANSWER_OF_ZAPI = {
    "type": "ReceivedCallback",
    "phone": "5511987654321",
    "connectedPhone": "551133334444",
    "senderName": "Maria Silva",
    "chatName": "5511987654321",
    "chatLid": "81896604192873@lid",
    "messageId": "3EB0C767D82B0A1B2C3D",
    "momment": 1769175000123,
    "isGroup": False,
    "text": {"message": "Oi, meu CPF é 123.456.789-12"},
    "location": {"latitude": -23.5, "longitude": -46.6, "name": "Casa", "address": "Rua A, 1"},
    "contact": {"displayName": "Ana", "vCard": "BEGIN:VCARD", "phones": ["5511987654321", 11987654321]},
}
keys = st.sampled_from(
    ["name", "phone", "email", "cpf", "address", "message", "password", "client", "note", "outro", "x_phone"]
) | st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
texts = st.text(max_size=60) | st.text("0123456789+()-. @a•/:", max_size=40)


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("5511987654321", "+55 11 9••••-4321"),
        ("+5511987654321", "+55 11 9••••-4321"),
        ("(11) 98765-4321", "+55 11 9••••-4321"),
        ("011 98765-4321", "+55 11 9••••-4321"),
        ("551187654321", "+55 11 ••••-4321"),
        ("551133334444", "+55 11 ••••-4444"),
        ("5555999887766", "+55 55 9••••-7766"),
        ("55999887766", "+55 55 9••••-7766"),
        ("+351912345678", "••••5678"),
        ("558000123456", "••••3456"),
        ("4321", "••••"),
        ("81896604192873@lid", "••••2873"),
        ("Rua das Flores", "••••"),
        ("+55 11 9••••-4321", "+55 11 9••••-4321"),
    ],
)
def test_phone_shows_its_ddd_and_its_end(digits, shown):
    assert mask_phone(digits) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maria Silva", "M•••• S••••"),
        ("Maria da Silva", "M•••• S••••"),
        ("  Zé ", "Z••••"),
        ("Élida Ângelo", "É•••• Â••••"),
        ("5511987654321", "5••••"),
        ("", ""),
    ],
)
def test_name_shows_its_initials(name, shown):
    assert mask_name(name) == shown


def test_lead_is_masked_and_its_campaign_is_not():
    assert mask(LEAD) == {
        "name": "M•••• S••••",
        "phone": "+55 11 9••••-4321",
        "email": "m••••@dominio.com",
        "message": "•••• (20 caracteres)",
        "city": "•••• (8 caracteres)",
        "utm": {"source": "google", "campaign": "verao"},
    }


NOBODY_KNEW = """
    alergias cid mae pai filho conta_bancaria agencia titular
    peso altura idade sexo religiao plano_saude convenio
    carteirinha cirurgia dieta fralda
    mobilidade acamado escolaridade estado_civil renda salario parentesco
    emergencia referencia apto andar portaria
    senha_porta profissao turno_preferido historico laudo exame sintoma
    service_notes service_address event_description
    plan_details job_remark city cidade cancel_note is_diabetic
    has_dementia data
"""


@pytest.mark.parametrize("field", NOBODY_KNEW.split())
@pytest.mark.parametrize("value", ["dipirona", "Maria da Silva", 82, 1.5, True, ["dipirona"], [82]])
def test_field_that_nobody_declared_harmless_is_masked(field, value):
    shown = json.dumps(mask({field: value, "client": {field: value}}), ensure_ascii=False)
    assert not [clear for clear in ("dipirona", "Maria", "82", "1.5", "true") if clear in shown]


def test_changes_are_masked_whole():
    changes = {"status": "acamada", "amount": 82, "phone": "5511987654321", "active": True, "plan": {"id": 7}}
    shown = mask({"client_id": 3, "changes": changes})
    assert shown["client_id"] == 3
    text = json.dumps(shown["changes"], ensure_ascii=False)
    assert not [clear for clear in ("acamada", "82", "98765", "true", "7}") if clear in text]


def test_sentence_in_the_place_of_a_harmless_value_is_hidden():
    assert mask({"status": "cancelada porque piorou", "type": "ligar 11 98765-4321"}) == {
        "status": "•••• (23 caracteres)",
        "type": "•••• (19 caracteres)",
    }


def test_campaign_shows_what_a_campaign_has_and_no_more():
    assert mask({"utm": {"campaign": "Dia das Mães", "nome": "Maria"}, "utm_content": "banner 2"}) == {
        "utm": {"campaign": "Dia das Mães", "nome": "•••• (5 caracteres)"},
        "utm_content": "banner 2",
    }


def test_message_from_whatsapp_keeps_what_finds_it_and_nothing_that_tells_of_the_person():
    shown = mask(ANSWER_OF_ZAPI)
    for field in ["type", "chatLid", "messageId", "momment", "isGroup"]:
        assert shown[field] == ANSWER_OF_ZAPI[field]
    text = json.dumps(shown, ensure_ascii=False)
    for secret in ["987654", "3333", "Maria", "Oi", "123.456", "23.5", "46.6", "Casa", "Rua", "Ana", "VCARD"]:
        assert secret not in text


@pytest.mark.parametrize(
    "field",
    [
        "phone",
        "Phone",
        "client_phone",
        "clientPhone",
        "family-phone",
        "telefone",
        "telefone_do_cliente",
        "phone2",
        "CELULAR",
        "whatsapp",
        "participantPhone",
        "phone_number",
        "data.phone",
    ],
)
def test_phone_is_known_by_the_name_of_its_field(field):
    assert mask({field: "5511987654321"}) == {field: "+55 11 9••••-4321"}
    assert mask({field: 5511987654321}) == {field: "+55 11 9••••-4321"}
    assert mask({field: ["5511987654321"]}) == {field: ["+55 11 9••••-4321"]}


@pytest.mark.parametrize(
    "field",
    [
        "name",
        "nome",
        "client_name",
        "caregiverName",
        "nome_do_cliente",
        "NOME",
        "sobrenome",
        "patient",
        "responsável",
    ],
)
def test_name_is_known_by_the_name_of_its_field(field):
    assert mask({field: "Maria Silva"}) == {field: "M•••• S••••"}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "maria@dominio.com", "m••••@dominio.com"),
        ("emailAddress", "maria@dominio.com", "m••••@dominio.com"),
        ("email", "maria@ dominio", "••••"),
        ("cpf", "12345678912", "•••.•••.•••-12"),
        ("cpf", 12345678912, "•••.•••.•••-12"),
        ("document", "123.456.789-12", "•••.•••.•••-12"),
        ("cpf_cnpj", "12.345.678/0001-90", "••.•••.•••/••••-90"),
        ("rg", "12.345.678-9", "••••"),
        ("bairro", "Centro", "•••• (6 caracteres)"),
        ("endereço", "Rua A", "•••• (5 caracteres)"),
        ("cep", "13010-000", "•••• (9 caracteres)"),
        ("comment", "Atencioso com a minha mãe", "•••• (25 caracteres)"),
        ("observações", "A", "•••• (1 caractere)"),
        ("reason", "Internação", "•••• (10 caracteres)"),
        ("fileName", "laudo.pdf", "•••• (9 caracteres)"),
        ("data_nascimento", "1940-01-23", "•••• (10 caracteres)"),
    ],
)
def test_other_personal_data_is_known_by_the_name_of_its_field(field, value, shown):
    assert mask({field: value}) == {field: shown}


@pytest.mark.parametrize(
    "field",
    [
        "password",
        "senha",
        "token",
        "access_token",
        "accessToken",
        "api_key",
        "apiKey",
        "X-API-Key",
        "secret",
        "client_secret",
        "Authorization",
        "Client-Token",
        "z-api-token",
        "cookie",
        "webhook-signature",
    ],
)
def test_secret_is_gone_whatever_it_is(field):
    for value in ["s3cret", 42, ["s3cret"], {"value": "s3cret"}]:
        assert mask({field: value}) == {field: "[removido]"}
    assert mask({field: None}) == {field: None}


@pytest.mark.parametrize(
    "data",
    [
        {"id": 42, "client_id": 7, "lead_id": "site-8841", "rating": 5, "amount": "150.00", "synced": True},
        {
            "starts_at": "2026-01-23T10:30:00-03:00",
            "due_at": "2026-01-23 10:30:00",
            "message_id": "3EB0C767D82B",
        },
        {"service_name": "crm", "template_name": "welcome", "error_message": "Invalid phone number"},
        {"idempotency_key": "9b2f6c1e-4463-4c1b-9d7e-8f0a1b2c3d4e", "next_cursor": "b2Zmc2V0"},
        {"phone": None, "name": "", "message": None, "address": {}, "phones": []},
        {"status": "scheduled", "utm": {"campaign": "Dia das Mães"}},
        [],
        None,
        7,
        "texto",
    ],
)
def test_what_is_about_no_person_stays(data):
    assert mask(data) == data


def test_whole_address_is_masked_with_its_numbers():
    shown = mask({"address": {"street": "Rua A", "number": 120, "city": "X", "parts": [{"floor": 3}]}})
    assert set(shown["address"]) == {"street", "number", "city", "parts"}
    assert not {"Rua A", "120", "X", "3"} & set(json.dumps(shown, ensure_ascii=False).split('"'))


def test_person_found_by_its_fields_keeps_its_id():
    assert mask({"client": {"id": 3, "name": "Zé"}}) == {"client": {"id": 3, "name": "Z••••"}}


def test_phone_in_the_name_of_a_field_is_masked():
    assert mask({"PATCH /api/v1/audience/5511987654321": {"amount": 1}}) == {
        "PATCH /api/v1/audience/+55 11 9••••-4321": {"amount": 1}
    }


def test_field_with_a_name_too_long_to_be_known_is_hidden():
    assert mask({"x" * 65: "Maria", "5511987654321 " * 9: 1}) == {
        "x" * 65: "•••• (5 caracteres)",
        "+55 11 9••••-4321 " * 9: "•••• (1 caractere)",
    }


def test_sentence_of_an_error_is_masked_by_its_look():
    assert mask({"error": "ligar 11 98765-4321", "errors": ["maria@dominio.com"]}) == {
        "error": "ligar +55 11 9••••-4321",
        "errors": ["m••••@dominio.com"],
    }


def test_copy_leaves_the_original_alone():
    data = {"phone": "5511987654321", "list": [{"name": "Ana"}]}
    shown = mask(data)
    assert data == {"phone": "5511987654321", "list": [{"name": "Ana"}]}
    assert shown["list"] is not data["list"]


def test_json_nested_as_deep_as_python_reads_is_masked():
    deepest = 900
    for opening, closing in [("[", "]"), ('{"a":', "}")]:
        data = json.loads(opening * deepest + '"Maria"' + closing * deepest)
        assert "Maria" not in json.dumps(mask(data))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invalid phone number", "Invalid phone number"),
        ("Phone 5511987654321 refused", "Phone +55 11 9••••-4321 refused"),
        ("+55 (11) 98765-4321.", "+55 11 9••••-4321."),
        ("(11)3333-4444, 011 3333-4444", "+55 11 ••••-4444, +55 11 ••••-4444"),
        ("tel.11987654321", "tel.+55 11 9••••-4321"),
        ("whatsapp:+5511987654321", "whatsapp:+55 11 9••••-4321"),
        ("?phone=5511987654321&limit=100", "?phone=+55 11 9••••-4321&limit=100"),
        ("lead-5511987654321", "lead-+55 11 9••••-4321"),
        ("phone:5581915410836", "phone:+55 81 9••••-0836"),
        ("98765-4321", "9••••-4321"),
        (f"sha256:{'0a' * 32}:77", "sha256:••••:77"),
        ("+351 912 345 678", "••••5678"),
        ("CPF 123.456.789-12 ou 12345678912", "CPF •••.•••.•••-12 ou •••.•••.•••-12"),
        ("CNPJ 12.345.678/0001-90", "CNPJ ••.•••.•••/••••-90"),
        ("maria.silva+x@dominio.com.br já existe", "m••••@dominio.com.br já existe"),
        ('{"phone": "5511987654321", "id": 42}', '{"phone": "+55 11 9••••-4321", "id": 42}'),
        ("/instances/3C0A/token/ABCDEF0123456789/send-text", "/instances/3C0A/token/[removido]/send-text"),
        ('{\\"api_key\\": \\"abcdefghijk\\"}', '{\\"api_key\\": \\"[removido]\\"}'),
        ("Authorization: Bearer abc.def.ghijk", "Authorization: Bearer [removido]"),
        ("crm answered 500 in 10000 ms", "crm answered 500 in 10000 ms"),
        ("2026-01-23T10:30:00.123456-03:00", "2026-01-23T10:30:00.123456-03:00"),
        ("2026-01-23 10:30:00+00:00, CEP 13010-000", "2026-01-23 10:30:00+00:00, CEP 13010-000"),
        ("9b2f6c1e-4463-4c1b-9d7e-446655440000", "9b2f6c1e-4463-4c1b-9d7e-446655440000"),
        ("R$ 1.234.567,89 em 2025-2026", "R$ 1.234.567,89 em 2025-2026"),
        ("your client-token is not configured", "your client-token is not configured"),
        ("", ""),
    ],
)
def test_text_stays_readable_without_the_person_in_it(text, shown):
    assert mask_text(text) == shown


@given(texts)
@example("+55 11 9••••-4321 98765-4321")
def test_text_masked_twice_is_masked_once(text):
    assert mask_text(mask_text(text)) == mask_text(text)


@given(values)
def test_data_masked_twice_is_masked_once(data):
    assert mask(mask(data)) == mask(data)


@given(st.from_regex(r"(55)?[1-9]{2}9[0-9]{8}", fullmatch=True), st.text(max_size=5))
@example("5581915410836", "phone:")
def test_no_phone_is_left_in_any_text(digits, around):
    assert digits not in mask_text(f"{around} {digits} {around}")
    assert digits not in json.dumps(mask({"outro": f"{around} {digits} {around}", "phone": digits}))


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a@", "a.", "(11) ", "+1-", "token ", "bearer ", "55", "11 9", "a-"]
)
def test_hostile_text_costs_in_proportion_to_its_length(piece):
    def cost(length: int) -> float:
        text, started = piece * length, time.thread_time()  # what others do meanwhile does not count
        mask_text(text)
        return time.thread_time() - started

    # ten times the length would cost a hundred times as much if the cost grew with the square
    assert min(cost(60_000) for _ in range(5)) < 50 * min(cost(6_000) for _ in range(3))


@pytest.mark.parametrize(
    ("text", "data", "shown"),
    [
        ("Não há maria silva", {"name": "Maria Silva"}, "Não há ••••"),
        ("Souza não existe", {"people": [{"name": "Ana Souza"}]}, "•••• não existe"),
        ('{"data":{"id":17}}', {"client_id": 17, "uf": "SP"}, '{"data":{"id":17}}'),
        ("Feito em São Paulo", {"notes": [["São Paulo"]]}, "Feito em ••••"),
    ],
)
def test_sentence_that_quotes_a_person_is_scrubbed_and_no_other(text, data, shown):
    assert scrub(text, data) == shown


@given(
    data=st.dictionaries(
        st.sampled_from(["name", "notes", "client_id", "amount", "people"]),
        st.recursive(st.text("Ana é1 .İß", max_size=9) | st.integers(0, 9999), st.lists, max_leaves=3),
    ),
    text=st.text("Ana é1 .İß", max_size=12),
)
def test_what_is_known_to_quote_nobody_would_not_have_been_changed(data, text):
    quick = scrub(text, data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(masking, "_may_quote", lambda *_: True)
        assert scrub(text, data) == quick


@given(st.from_regex(masking.SPOKEN_SECRET))
def test_every_spoken_secret_has_one_of_the_words_by_which_it_is_looked_for(text):
    assert any(word in text.casefold() for word in masking.SECRET_WORDS)


def test_short_text_is_not_cut():
    assert cut("ação") == "ação"
    assert cut("a" * 4096) == "a" * 4096


def test_long_text_is_cut_between_characters_and_says_its_length():
    assert cut("á" * 40, limit_bytes=40) == "á" * 8 + "… (cortado, 80 bytes)"
    assert cut("a" + "á" * 40, limit_bytes=40) == "a" + "á" * 8 + "… (cortado, 81 bytes)"


@given(st.text(), st.integers(30, 200))
def test_cut_text_fits(text, limit):
    assert len(cut(text, limit).encode()) <= limit


def test_text_that_postgresql_cannot_store_is_made_storable():
    assert cut("a\0b") == "a�b"
    assert cut("a\ud800b") == "a?b"
