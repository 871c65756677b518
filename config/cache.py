"""The cache that all processes share, and what is done while it is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Away
from redis.exceptions import TimeoutError as Silent
from redis.retry import Retry

log = structlog.get_logger(__name__)


class SharedCache(BaseCache):
    """Redis; while it does not answer, this process's own memory.

    What it holds are counters of failed tries and what was audited a moment ago: a page that fails because these
    cannot be read is worse than counting in each process by itself for as long as the outage lasts.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        # One more try at once finds a server that was started again; more would hold up pages while there is none.
        waits = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 1)}
        waits |= params.get("OPTIONS", {})
        self._shared = RedisCache(location, {**params, "OPTIONS": waits})
        self._own = LocMemCache(f"while {location} is away", dict(params))

    def _ask(self, method: str, *given: Any, **named: Any) -> Any:
        act: Callable[..., Any] = getattr(self._shared, method)
        try:
            return act(*given, **named)
        except (Away, Silent) as error:
            log.warning("cache_away", error=type(error).__name__)
            return getattr(self._own, method)(*given, **named)

    def add(self, *given: Any, **named: Any) -> Any:
        return self._ask("add", *given, **named)

    def get(self, *given: Any, **named: Any) -> Any:
        return self._ask("get", *given, **named)

    def set(self, *given: Any, **named: Any) -> Any:
        return self._ask("set", *given, **named)

    def touch(self, *given: Any, **named: Any) -> Any:
        return self._ask("touch", *given, **named)

    def delete(self, *given: Any, **named: Any) -> Any:
        return self._ask("delete", *given, **named)

    def incr(self, *given: Any, **named: Any) -> Any:
        return self._ask("incr", *given, **named)

    def has_key(self, *given: Any, **named: Any) -> Any:
        return self._ask("has_key", *given, **named)

    def clear(self) -> None:
        self._ask("clear")
