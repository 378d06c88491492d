"""What people type and what WhatsApp registers, gathered from those who met it; all numbers are invented."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, number_type, parse
from pydantic import BaseModel, TypeAdapter, ValidationError

from events.intake.payload import Payload, problems
from whatsapp.phone import InvalidPhone, Phone, is_landline, key, normalize, variants

DDDS = [
    f"{ddd}"
    for ddd in range(11, 100)
    if number_type(parse(f"+55{ddd}33334444")) == PhoneNumberType.FIXED_LINE
]

STORED = [
    # source of the rule, what is typed, how it is kept
    ("Z-API: country, DDD and number, digits only", "5511987654321", "5511987654321"),
    ("Z-API: country, DDD and number, digits only", "551133334444", "551133334444"),
    ("Z-API: a landline may have WhatsApp Business", "(11) 3333-4444", "551133334444"),
    ("Z-API: the answer may lack the ninth digit", "551187654321", "5511987654321"),
    ("Santa Maria's DDD 55, ten digits", "5599887766", "5555999887766"),
    ("Santa Maria's DDD 55, ten digits, landline", "5532211234", "555532211234"),
    ("Santa Maria's DDD 55, eleven digits", "55999887766", "5555999887766"),
    ("Santa Maria's DDD 55, eleven digits", "(55) 99988-7766", "5555999887766"),
    ("Santa Maria's DDD 55, with its country", "5555999887766", "5555999887766"),
    ("Santa Maria's DDD 55, with its country", "555599887766", "5555999887766"),
    ("Santa Maria's DDD 55, with its country", "+55 55 3221-1234", "555532211234"),
    ("Santa Maria's DDD 55, with a trunk zero", "055 99988-7766", "5555999887766"),
    ("Chatwoot: 13 digits stay", "5541988887777", "5541988887777"),
    ("Chatwoot: 12 digits get the ninth", "554188887777", "5541988887777"),
    ("Chatwoot: Twilio's prefix", "whatsapp:+5541988887777", "5541988887777"),
    ("Chatwoot: Twilio's prefix", "whatsapp:+554188887777", "5541988887777"),
    ("Chatwoot: what is left without the 9 would be a landline", "5541932345678", "5541932345678"),
    ("Chatwoot #6222: no ninth digit for landlines", "554132345678", "554132345678"),
    ("Chatwoot #5840: landlines and toll-free survive", "+55 41 3234-5678", "554132345678"),
    ("Evolution: DDD from 31 on and 7, 8 or 9 next", "5531988887777", "5531988887777"),
    ("Evolution: DDD from 31 on and 7, 8 or 9 next", "553188887777", "5531988887777"),
    ("Evolution: DDD below 31 keeps the 9", "5527988887777", "5527988887777"),
    ("Evolution: a 9 before a digit below 7 belongs to the number", "5531965432109", "5531965432109"),
    ("Evolution: the id of a chat", "5531988887777@s.whatsapp.net", "5531988887777"),
    ("WAHA: DDD below 31 has nine digits", "552188887777", "5521988887777"),
    ("WAHA: the id of a chat", "553188887777@c.us", "5531988887777"),
    ("WAHA #1974: no ninth digit for the landline of a chat", "554532221100@c.us", "554532221100"),
    ("WAHA #1516: the old form of a number", "551187654321", "5511987654321"),
    ("WAHA: 0800 is registered without its zero", "08000123456", "558000123456"),
    ("WAHA: 0800 is registered without its zero", "558000123456", "558000123456"),
    ("WAHA: 0800 with spaces", "0800 012 3456", "558000123456"),
    ("WAHA: 0800 with country", "+55 0800 012 3456", "558000123456"),
    ("360dialog: 0800 of six digits", "0800 123 456", "55800123456"),
    ("360dialog: 0800 of six digits", "55800123456", "55800123456"),
    ("360dialog: old number", "551187654321", "5511987654321"),
    ("360dialog: new number", "5511987654321", "5511987654321"),
    ("360dialog: a national number with its DDD", "551130031234", "551130031234"),
    ("fazer-ai: ask for 13 digits first", "558488887777", "5584988887777"),
    ("Green-API: DDD 28 takes the 9", "552888887777", "5528988887777"),
    ("Green-API: DDD 61 does without", "556188887777", "5561988887777"),
    ("Whapi: DDD 24 takes the 9", "+55 24 8888-7777", "5524988887777"),
    ("Whapi: DDD 85 does without", "+55 85 8888-7777", "5585988887777"),
    ("RapidPro #433: WhatsApp's form is no valid number, ours is", "551161234567", "5511961234567"),
    ("Public code: a doubled country code", "555511987654321", "5511987654321"),
    ("Public code: a doubled country code", "+55 55 11 98765-4321", "5511987654321"),
    ("Anatel: trunk zero", "011 98765-4321", "5511987654321"),
    ("Anatel: trunk zero", "(011) 3333-4444", "551133334444"),
    ("Anatel: carrier 15", "0 15 11 98765-4321", "5511987654321"),
    ("Anatel: carrier 21, landline", "0213133334444", "553133334444"),
    ("Anatel: carrier 41, old mobile", "0 41 41 8888-7777", "5541988887777"),
    ("Anatel: any carrier", "0xx11 98765-4321", "5511987654321"),
    ("Anatel: any carrier", "(0XX11) 3333-4444", "551133334444"),
    ("Anatel: any carrier", "0**11 98765-4321", "5511987654321"),
    ("Anatel: any carrier, with country", "+55 (0xx11) 98765-4321", "5511987654321"),
    ("Anatel: trunk zero after the country", "+55 (011) 98765-4321", "5511987654321"),
    ("Anatel: trunk zero after the country", "55 011 3333-4444", "551133334444"),
    ("Anatel: international prefix", "0055 11 98765-4321", "5511987654321"),
    ("Anatel: Nextel's 7 became a mobile", "11 7765-4321", "5511977654321"),
    ("Anatel: a new range of mobiles", "(11) 92345-6789", "5511923456789"),
    ("Anatel: rural landline", "49 5733-4444", "554957334444"),
    ("Keyboard: punctuation", "(11) 9 8765-4321", "5511987654321"),
    ("Keyboard: punctuation", "11.98765.4321", "5511987654321"),
    ("Keyboard: punctuation", "+55-11-98765-4321", "5511987654321"),
    ("Keyboard: punctuation", "(+55) 11 98765 / 4321", "5511987654321"),
    ("Keyboard: spaces and tabs", "\t 11\u00a098765\u20094321 \n", "5511987654321"),
    ("Pasted: marks of direction", "\u202a+55 11 98765\u20114321\u202c", "5511987654321"),
    ("Pasted: invisible joiners", "11\u200b98765\u20604321\ufeff", "5511987654321"),
    ("Pasted: soft hyphen", "11 98765\u00ad4321", "5511987654321"),
    ("Pasted: a link", "tel:+55-11-98765-4321", "5511987654321"),
    ("Pasted: full width", "＋５５ １１ ９８７６５－４３２１", "5511987654321"),  # noqa: RUF001
    ("Pasted: Arabic digits", "١١ ٩٨٧٦٥-٤٣٢١", "5511987654321"),  # noqa: RUF001
    ("Pasted: an emoji", "📞 11 98765-4321", "5511987654321"),
    ("ITU: Portugal", "+351 912 345 678", "+351912345678"),
    ("ITU: United States", "+1 (212) 555-0123", "+12125550123"),
    ("ITU: international prefix", "00351912345678", "+351912345678"),
    ("ITU: Argentina keeps its 9", "+54 9 11 2345-6789", "+5491123456789"),
    ("ITU: Japan, whose digits could be mistyped ones of Recife", "+81 90-1234-5678", "+819012345678"),
    ("ITU: Peru, whose digits would be a mobile in Porto Alegre", "+51 987 654 321", "+51987654321"),
    ("ITU: Norway, whose digits would be a mobile in Joinville", "+47 91 23 45 67", "+4791234567"),
    ("ITU: a British trunk zero in brackets", "+44 (0)20 7946 0958", "+442079460958"),
]

REFUSED = [
    # source of the rule, what is typed, a part of the answer
    ("Nothing", "", "Faltam dígitos"),
    ("Nothing", "   ", "Faltam dígitos"),
    ("Nothing but signs", "+()-", "não vale no país"),
    ("Chatwoot: a part of a number", "55", "Faltam dígitos"),
    ("Without DDD", "98765-4321", "Faltam dígitos"),
    ("Without DDD", "3333-4444", "Faltam dígitos"),
    ("Without DDD, with country", "+55 98765-4321", "Faltam dígitos"),
    ("360dialog: a national number cannot register", "4004-1234", "Faltam dígitos"),
    ("A short service", "190", "Faltam dígitos"),
    ("One digit too many", "11 98765-43210", "dígitos demais"),
    ("One digit too many, where the digits are a number in India", "91 98765-43210", "dígitos demais"),
    ("Two numbers", "11 98765-4321 / 11 3333-4444", "dígitos demais"),
    ("Another country without its plus", "351912345678", "dígitos demais"),
    ("A DDD that does not exist", "(20) 98765-4321", "O DDD 20 não existe"),
    ("A DDD that does not exist", "5523987654321", "O DDD 23 não existe"),
    ("A DDD that does not exist", "+55 10 3333-4444", "O DDD 10 não existe"),
    ("0300 is no WhatsApp", "0300 123 4567", "O DDD 30 não existe"),
    ("Nine digits that are no mobile", "11 87654-3210", "começa com 9"),
    ("Nine digits that are no mobile", "5511333344445", "começa com 9"),
    ("A number that cannot begin so", "11 0333-4444", "não pode começar com 0"),
    ("A number that cannot begin so", "(11) 1333-4444", "não pode começar com 0"),
    ("Letters", "ligue 11 98765-4321", "tem letras"),
    ("Letters", "11 98765-4321 ramal 12", "tem letras"),
    ("Letters", "maria@dominio.com", "tem letras"),
    ("Letters that look like digits", "11 9876S-432l", "tem letras"),
    ("Z-API: the private id of a contact", "123456789012345@lid", "tem letras"),
    ("Z-API: a group", "120363000000000000-group", "tem letras"),
    ("A plus in the middle", "11 98765+4321", "só pode vir no começo"),
    ("Two plusses", "++55 11 98765-4321", "só pode vir no começo"),
    ("A country that does not exist", "+999 123 456 789", "não vale no país"),
    ("A number too short for its country", "+351 912 345", "não vale no país"),
    ("Zeros for a DDD", "(00) 98765-4321", "O DDD 00 não existe"),
    ("A plus before the DDD", "+11 98765-4321", "não vale no país"),
    ("A text", "1" * 65, "longo demais"),
]

national = st.builds("{}{}".format, st.sampled_from(DDDS), st.from_regex(r"9[6-9][0-9]{7}", fullmatch=True))
landlines = st.builds("{}{}".format, st.sampled_from(DDDS), st.from_regex(r"[2-5][0-9]{7}", fullmatch=True))
keyboard = st.text("0123456789+()-. xX/@\u200b٣９", max_size=24)  # noqa: RUF001


def outcome(typed: str) -> str:
    try:
        return normalize(typed)
    except InvalidPhone:
        return ""


@pytest.mark.parametrize(("source", "typed", "stored"), STORED)
def test_what_people_type_has_one_stored_form(source, typed, stored):
    assert normalize(typed) == stored


@pytest.mark.parametrize(("source", "typed", "stored"), STORED)
def test_stored_form_stays_as_it_is(source, typed, stored):
    assert normalize(stored) == stored


@pytest.mark.parametrize(("source", "typed", "said"), REFUSED)
def test_refusal_says_in_portuguese_what_is_wrong(source, typed, said):
    with pytest.raises(InvalidPhone, match=re.escape(said)):
        normalize(typed)


def test_every_ddd_of_the_numbering_plan_exists_and_no_other():
    accepted = [f"{ddd:02}" for ddd in range(100) if outcome(f"+55{ddd:02}33334444")]
    assert accepted == DDDS
    assert len(accepted) == 67


@given(st.text(max_size=80) | keyboard)
@example("0" * 64)
@example("+" + "5" * 63)
@example("\ud800")
@example("²½①")
def test_any_text_is_normalized_once_and_for_all_or_refused(typed):
    stored = outcome(typed)
    assert not stored or normalize(stored) == stored


@given(national)
def test_both_forms_of_a_mobile_are_one_person(typed):
    without_ninth = typed[:2] + typed[3:]
    assert normalize(typed) == normalize(without_ninth) == normalize("55" + without_ninth)
    assert key(normalize(typed)) == key("55" + typed) == key("55" + without_ninth) == without_ninth


@given(landlines)
def test_landline_never_gets_a_ninth_digit(typed):
    stored = normalize(typed)
    assert stored == "55" + typed
    assert is_landline(stored)
    assert variants(stored) == (stored,)


@given(national | landlines)
def test_every_way_to_write_a_number_is_the_same_number(typed):
    ways = [typed, "0" + typed, "55" + typed, "+55" + typed, "0055" + typed, "015" + typed, "+55 0" + typed]
    assert {normalize(way) for way in ways} == {"55" + typed}


@pytest.mark.parametrize("piece", ["0x", "1", "+", "0 x ", "whatsapp:", "ﷺ", "\u0301", "(", "\u200b1"])
def test_text_too_long_for_a_phone_is_refused_before_it_is_read(piece):
    with pytest.raises(InvalidPhone, match="longo demais"):
        normalize(piece * 250_000)
    assert outcome((piece * 64)[:64]) == ""


def test_key_keeps_a_landline_apart_from_the_mobile_it_resembles():
    assert key(normalize("41 3234-5678")) != key(normalize("41 93234-5678"))
    assert key("5541932345678") == "5541932345678"


def test_key_keeps_a_foreigner_apart_from_the_brazilian_with_the_same_digits():
    assert key(normalize("47 9123-4567")) != key(normalize("+47 91 23 45 67"))


def test_number_from_whatsapp_is_read_with_a_plus_before_it():
    assert normalize("+" + "551187654321") == "5511987654321"
    assert normalize("+" + "51987654321") == "+51987654321"


def test_whatsapp_may_have_registered_either_form_of_a_mobile():
    assert variants("5511987654321") == variants("551187654321") == ("5511987654321", "551187654321")
    assert variants("5541932345678") == ("5541932345678",)
    assert variants("+351912345678") == ("351912345678",)


@pytest.mark.parametrize("phone", ["5511987654321", "5541932345678", "558000123456", "+351912345678", ""])
def test_what_is_no_landline(phone):
    assert not is_landline(phone)


class Lead(BaseModel):
    phone: Phone


class Visit(Payload):
    client_phone: Phone | None = None


def test_field_of_a_payload_keeps_the_stored_form():
    assert Lead(phone="(11) 98765-4321").phone == "5511987654321"
    assert Lead.model_validate_json('{"phone": 11987654321}').phone == "5511987654321"
    assert Visit().client_phone is None


@pytest.mark.parametrize("number", [11987654321.0, 5511987654321])
def test_field_of_a_payload_takes_a_whole_number_for_its_digits(number):
    assert Visit(client_phone=number).client_phone == "5511987654321"


@pytest.mark.parametrize("number", [11987654321.5, float("nan"), float("inf"), 1e300])
def test_field_of_a_payload_takes_no_other_number(number):
    with pytest.raises(ValidationError):
        Visit(client_phone=number)


def test_field_of_a_payload_names_what_is_wrong_with_a_phone():
    with pytest.raises(ValidationError) as caught:
        Lead(phone="(20) 98765-4321")
    assert caught.value.errors()[0]["type"] == "invalid_phone_number"
    assert problems(caught.value) == {"phone": "O DDD 20 não existe."}


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}])
def test_field_of_a_payload_takes_no_other_kind_of_value(value):
    with pytest.raises(ValidationError) as caught:
        Lead(phone=value)
    assert caught.value.errors()[0]["type"] == "string_type"


def test_field_of_a_payload_is_a_phone_in_the_schema():
    assert TypeAdapter(Phone).json_schema() == {"type": "string", "format": "phone"}
    assert Lead.model_json_schema()["properties"]["phone"] == {
        "title": "Phone",
        "type": "string",
        "format": "phone",
    }
