"""Amounts are read in one place: what may be read as two is none."""

from decimal import Decimal

import pytest

from carinho import money


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("150", "150.00"),
        ("150.5", "150.50"),
        ("0", "0.00"),
        (450.90000000000003, "450.90"),
        (1.005, "1.01"),
        (-0.0, "0.00"),
        (150, "150.00"),
        (Decimal("80.1"), "80.10"),
        (9_999_999_999.99, "9999999999.99"),
    ],
)
def test_amount_is_read_in_cents(given, amount):
    assert str(money.read(given)) == amount


@pytest.mark.parametrize(
    "given",
    [
        *(
            "1.200",
            "1,20",
            "1.200,00",
            "1e3",
            "NaN",
            "Infinity",
            "-80.00",
            "+1",
            " 1",
            "1 ",
            "1\n",
            "",
            "R$ 1",
            "1_0",
            "\u0661",
        ),
        *(float("nan"), float("inf"), Decimal("NaN"), -1, -0.001, 1e300, 10**11, "9" * 500),
        *(True, None, [], {}, b"1"),
    ],
)
def test_anything_else_is_no_amount(given):
    with pytest.raises(money.NotMoney):
        money.read(given)
