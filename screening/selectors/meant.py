"""Which site a page of settings is about."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import Site, User
from screening.selectors.doors import sites_where


def site_meant(person: User, action: str, named: str | None, *, changes: bool) -> Site:
    """The site of that slug, among those at which the person may do this.

    Where none was named: the only one there is; of several the first one by name for a page that is looked at, and none
    for a change, which is not to land at a site that nobody chose. Raises Http404, BadRequest.
    """
    sites = list(sites_where(person, action).order_by("name"))
    if changes and not named and len(sites) > 1:
        raise BadRequest(_("Say which site this is for: you administer several."))
    site = next((each for each in sites if each.slug == named or not named), None)
    if site is None:
        raise Http404
    return site
