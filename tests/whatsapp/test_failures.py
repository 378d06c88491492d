"""Every documented error has its sentence."""

import pytest

from carinho.simulator.systems.zapi.faults import ERRORS
from whatsapp import failures


@pytest.mark.parametrize("text", ERRORS)
def test_documented_error_has_a_sentence_in_portuguese(text):
    code = failures.code_of(text)
    assert code != failures.UNKNOWN
    assert text not in failures.meaning_of(code, text)


def test_case_and_curly_apostrophe_make_no_difference():
    assert failures.code_of("YOU CAN\u2019T MESSAGE THIS GROUP as you don't have permission") == "group"


def test_unknown_error_is_quoted_for_the_person_who_reads_it():
    assert failures.code_of("Flux capacitor") == failures.UNKNOWN
    assert "Flux capacitor" in failures.meaning_of(failures.UNKNOWN, "Flux capacitor")


def test_shadow_ban_is_a_failure_of_its_own():
    assert failures.code_of("SHADOW_BAN Whatsapp did not allow sending this message") == "shadow_ban"
