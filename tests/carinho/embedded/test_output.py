"""What the terminal shows once the hub answers."""

from carinho.embedded.output import banner


def test_banner_shows_the_key_in_the_line_that_sends_a_lead():
    key = "AbCdEf12." + "x" * 32
    env = {"PORT": "8001", "VAR_DIR": "/other place", "SIMULATOR_URL": "http://127.0.0.1:8101"}
    text = banner(8001, 8101, f"admin\n{key}", env)
    assert f"curl -X POST http://127.0.0.1:8001/api/events -H 'X-API-Key: {key}'" in text
    assert "PORT=8001 VAR_DIR='/other place' SIMULATOR_URL=http://127.0.0.1:8101" in text


def test_banner_without_a_simulator_offers_no_fault():
    text = banner(
        8000, None, "", {"PORT": "8000", "VAR_DIR": "var", "SIMULATOR_URL": "http://simulator.test"}
    )
    assert "simulate" not in text
