from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "carinho.access"
    verbose_name = "Acesso"

    def ready(self) -> None:
        from carinho.access import roles, sessions

        roles.keep_in_step()
        sessions.keep_in_step()
