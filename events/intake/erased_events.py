"""By what an erased event is known again: digests under SECRET_KEY, from which nobody can guess who it was.

A sender that repeats it is answered as before, and does not bring the person back.
"""

from carinho.access import derived_keys

ERASED_KEY = "erased:"  # begins a key that named somebody, or was made of the data


def keys_of(key: str) -> list[str]:
    """What an erasure puts in a key's place; the first now, the others under earlier values of SECRET_KEY."""
    return [ERASED_KEY + digest for digest in derived_keys.digests("key of an erased event", key)]


def digests_of(digest: str) -> list[str]:
    """The same for the digest of an event's data."""
    return derived_keys.digests("data of an erased event", digest)
