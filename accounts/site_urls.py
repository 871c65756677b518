"""The administrator's pages of sites."""

from __future__ import annotations

from django.urls import path

from accounts.views import sites

urlpatterns = [
    path("", sites.site_list, name="sites"),
    path("sites/new/", sites.site_new, name="site-new"),
    path("sites/<slug:slug>/", sites.site_change, name="site-change"),
]
