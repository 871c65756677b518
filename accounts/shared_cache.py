"""The cache in the database: what one web process counts, the others know.

For a few small entries (tries that failed, codes that were used). Values are JSON, never pickled.
"""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.sign_in_models import Counter


class DatabaseCounters(BaseCache):
    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _name(self, key: str, version: int | None) -> str:
        return hashlib.sha256(self.make_and_validate_key(key, version=version).encode("utf-8")).hexdigest()

    def _ends(self, timeout: Any) -> datetime | None:
        stamp = self.get_backend_timeout(timeout)
        return None if stamp is None else datetime.fromtimestamp(stamp, UTC)

    @staticmethod
    def _good() -> QuerySet[Counter]:
        return Counter.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=datetime.fromtimestamp(time.time(), UTC)))

    @staticmethod
    def _forget() -> None:
        Counter.objects.filter(ends_at__lte=datetime.fromtimestamp(time.time(), UTC)).delete()

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = self._good().filter(key=self._name(key, version)).first()
        return default if row is None else row.value

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._forget()
        row = {"value": value, "ends_at": self._ends(timeout)}
        Counter.objects.update_or_create(key=self._name(key, version), defaults=row)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        self._forget()
        try:
            with transaction.atomic():
                Counter.objects.create(key=self._name(key, version), value=value, ends_at=self._ends(timeout))
        except IntegrityError:
            return False
        return True

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._good().filter(key=self._name(key, version)).update(ends_at=self._ends(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(Counter.objects.filter(key=self._name(key, version)).delete()[0])

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there."""
        with transaction.atomic():
            row = self._good().select_for_update().filter(key=self._name(key, version)).first()
            if row is None:
                raise ValueError("There is no such counter.")
            row.value += delta
            row.save(update_fields=["value"])
        return int(row.value)

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._good().filter(key=self._name(key, version)).exists()

    def clear(self) -> None:
        Counter.objects.all().delete()
