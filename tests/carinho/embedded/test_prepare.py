"""What the preparation says of settings that cannot work; as a process: test_supervisor.py."""

import pytest

from carinho.embedded.prepare import Unusable, look_at_database_url


@pytest.mark.parametrize(
    "url", ["not a url", "sqlite:///x.db", "postgresql://h:port/db", "postgresql://h:0/db"]
)
def test_url_of_anything_but_a_postgresql_is_refused_by_its_name(url):
    with pytest.raises(Unusable, match="DATABASE_URL"):
        look_at_database_url(url)
