from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """Its receivers are discovered by name, with those of every app, in `accounts.apps`."""

    name = "reports"
    verbose_name = _("Reports")
