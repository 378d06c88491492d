from carinho.access.admin import api_key, audit_log, people  # noqa: F401
