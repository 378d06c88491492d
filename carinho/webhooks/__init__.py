"""Webhooks to others: who is sent what happens in the hub, and how it gets there."""
