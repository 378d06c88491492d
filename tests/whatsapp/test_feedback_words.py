"""Which answers are ratings, and which only contain a number."""

import pytest

from whatsapp.callbacks import ratings

RATINGS = {
    "5": 5,
    " 5 ": 5,
    "5.": 5,
    "4!": 4,
    "nota 5": 5,
    "Nota 5!": 5,
    "NOTA: 3": 3,
    "minha nota é 4": 4,
    "a nota foi 2": 2,
    "5/5": 5,
    "4 de 5": 4,
    "5 estrelas": 5,
    "1 estrela": 1,
    "cinco": 5,
    "nota cinco": 5,
    "um": 1,
    "uma estrela": 1,
    "dois": 2,
    "duas estrelas": 2,
    "Três": 3,
    "quatro": 4,
    "ruim": 2,
    "Regular": 3,
    "três estrelas": 3,
    "⭐⭐⭐⭐⭐": 5,
    "⭐️⭐️⭐️": 3,
    "⭐ ⭐": 2,
    "★★★★": 4,
    "🌟": 1,
    "5️⃣": 5,
    "Excelente": 5,
    "muito ruim": 1,
    "Bom!": 4,
    "5 💚": 5,
    "5 ⭐": 5,
    "5 ⭐⭐⭐⭐⭐": 5,
    "1 ⭐": 1,
    "3⭐️⭐️⭐️": 3,
}
NO_RATINGS = [
    "",
    "0",
    "6",
    "10",
    "55",
    "5 horas",
    "5h",
    "5:30",
    "15",
    "cheguei às 5",
    "preciso de 5 dias",
    "5 pessoas moram aqui",
    "nota fiscal",
    "4/11",
    "foi bom mas atrasou",
    "⭐⭐⭐⭐⭐⭐",
    "obrigada",
    "5 ⭐⭐",
    "5, 6 e 7 de janeiro vocês têm cuidadora?",
    "2, 3 ou 4 vezes por semana",
    "1. Quanto custa?",
    "3 - vocês atendem amanhã?",
    "5? não entendi",
]


@pytest.mark.parametrize(("written", "value"), RATINGS.items())
def test_answer_is_a_rating(written, value):
    rating = ratings.of_text(written)
    assert rating is not None
    assert rating.value == value
    assert rating.comment == ""


@pytest.mark.parametrize("written", NO_RATINGS)
def test_text_with_or_without_a_number_is_no_rating(written):
    assert ratings.of_text(written) is None


@pytest.mark.parametrize(
    ("written", "value", "comment"),
    [
        ("5, adorei a Ana!", 5, "adorei a Ana"),
        ("nota 2 atrasou muito", 2, "atrasou muito"),
        ("4\nMuito atenciosa", 4, "Muito atenciosa"),
        ("1 - não veio", 1, "não veio"),
        ("nota 4, vocês têm a Ana amanhã?", 4, "vocês têm a Ana amanhã?"),
    ],
)
def test_what_is_said_beside_the_number_is_the_comment(written, value, comment):
    assert ratings.of_text(written) == ratings.Rating(value, comment)


def test_chosen_row_and_pressed_button_name_the_visit():
    rating = ratings.Rating(4, service_id=77)
    assert ratings.of_choice({"listResponseMessage": {"selectedRowId": "rating-77-4"}}) == rating
    assert ratings.of_choice({"buttonsResponseMessage": {"buttonId": "rating-77-4"}}) == rating
    assert ratings.of_choice({"listResponseMessage": {"selectedRowId": "1"}}) is None


@pytest.mark.parametrize("name", ["title", "message"])
def test_chosen_row_without_our_id_counts_by_its_title(name):
    chosen = {"listResponseMessage": {"selectedRowId": "x", name: "5 ⭐⭐⭐⭐⭐"}}
    assert ratings.of_choice(chosen) == ratings.Rating(5)
