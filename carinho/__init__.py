"""Carinho Integrações: the hub between the systems that run the company."""
