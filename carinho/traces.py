"""W3C trace context: the trace that a request or a delivery belongs to, as `traceparent` carries it.

The id of a request is stored with the event it brought, and beside it the trace that came with it: both go
on, hours later, with every delivery of that event. Without a trace of its own a request id is one if it has
32 hex digits, and anything else has one derived.
"""

import hashlib
import re
import secrets

PARENT = re.compile(r"^00-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
TRACE = re.compile(r"^(?!0{32})[0-9a-f]{32}$")


def trace_in(traceparent: str) -> str:
    """The trace id of a header that is well formed; empty for any other."""
    match = PARENT.match(traceparent)
    return match["trace"] if match else ""


def trace_of(request_id: str) -> str:
    """The trace id that belongs to a request id; the same each time."""
    if TRACE.match(request_id):
        return request_id
    return hashlib.sha256(request_id.encode()).hexdigest()[:32]


def traceparent(request_id: str, trace: str = "") -> str:
    """The header for a call that belongs to this request, as a new span of its trace."""
    return f"00-{trace or trace_of(request_id)}-{secrets.token_hex(8)}-01"
