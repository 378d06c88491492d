"""The leanest queue on the same work, to compare with: PgQueuer on asyncio, asyncpg and uvloop.

The jobs of an event are enqueued in its transaction. No repeats are recognised, nothing is validated, no
attempt kept; there is no order per person, no circuit breaker, no rate limit.
"""
