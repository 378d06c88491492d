"""`make run`: PostgreSQL and broker without a server, and the supervisor with its processes."""
