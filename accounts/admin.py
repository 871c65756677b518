"""Django's admin: for superusers, to look. Users and roles are changed on the product's own pages."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest

from accounts.models import AuditEvent, Membership, Site, User

# The admin's own sign-in counts no wrong passwords; this sends people to the one that does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# allauth shows second factors there, to be changed: they are reset on the user's page, on record.
admin.site.unregister(Authenticator)


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "is_active", "sign_with")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    exclude = ("password",)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("user", "site", "role")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ("at", "verb", "actor_name", "object_type", "object_id", "outcome")
