"""Callers of the hub: a system with a key, and people of each role."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from carinho.access import api_keys


def with_key(*scopes: str, name: str = "parceiro", **options: Any) -> Client:
    """A client whose every request carries a fresh API key with these scopes."""
    _, text = api_keys.create(name, scopes, actor="test")
    return Client(headers={"X-API-Key": text}, **options)


def person(role: str, name: str = "ana") -> User:
    user = User.objects.create_user(name, password="segredo-forte", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def logged_in(role: str, name: str = "ana", **options: Any) -> Client:
    """A browser of a person with this role."""
    client = Client(**options)
    client.force_login(person(role, name), backend="django.contrib.auth.backends.ModelBackend")
    return client
