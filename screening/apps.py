from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from screening.storage import check_keys


class ScreeningConfig(AppConfig):
    name = "screening"
    verbose_name = _("Screening")

    def ready(self) -> None:
        # Here rather than in a system check, because the servers and the workers run none.
        check_keys()
