from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from accounts.oidc import provider


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        # By name, because receivers import models, which are not ready when this module loads.
        autodiscover_modules("receivers", "checks")
        # A provider that is set up wrongly stops the start, not the first person who signs in.
        provider()
