"""Every address of the product."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("", include("accounts.home")),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("settings/", include("accounts.site_urls")),
    path("i18n/setlang/", set_language, name="set-language"),
    path("health/", include("config.health")),
    path("api/", include("screening.api.urls")),
    path("api/", include("reports.api_urls")),
    path("dicomweb/", include("screening.dicomweb.urls")),
    path("", include("screening.urls")),
    path("", include("reports.urls")),
]
handler400 = "config.errors.not_understood"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
