from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal import celery, checks, epoch_checks, labels, logs, office_checks  # noqa: F401  (tasks find Celery; checks register)

        logs.keep_values_out()
        labels.put_on()
