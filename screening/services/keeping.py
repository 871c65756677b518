"""The whole store: encrypting what lies there plain, giving headers a new master key, and looking again at what failed."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from accounts import audit
from accounts.models import Verb
from screening import storage_places as places
from screening.storage import LocalStorage, MissingObject, UnreadableObject, storage
from screening.storage_keys import Keyring
from screening.storage_sealed import key_ids, rewrap

CHUNK = 1 << 20
# So many are looked at again at once.
AGAIN = 200


class NoKey(Exception):
    """STORAGE_KEY is empty; the text is one sentence."""


@dataclass
class Done:
    """changed: how many objects this call changed. failed: keys of those that cannot be read, left as they are.
    complete: a look at every object found nothing else to do."""

    changed: int = 0
    failed: list[str] = field(default_factory=list)
    complete: bool = False


def encrypt_store(*, limit: int | None = None) -> Done:
    """Encrypt plain objects where they lie, at most `limit`. Others go on reading and writing meanwhile; it may be
    stopped at any moment and begun again. Audited. Raises `NoKey`."""
    store, _ring = _with_key()
    done = _each(store, limit, store.convert, sealed=False)
    _record(Verb.STORE_ENCRYPTED, store, done)
    return done


def rotate_keys(*, limit: int | None = None) -> Done:
    """Wrap the data keys of at most `limit` objects with the current master key; contents are not touched.

    Others go on meanwhile, and it may be stopped at any moment and begun again. When nothing is left, a key that no
    object needs is no longer asked for at the start. Audited. Raises `NoKey`.
    """
    store, ring = _with_key()

    places.note_key(store.root, ring.ids[0])

    def take_over(key: str) -> bool:
        with store.sealed_path(key).open("r+b", buffering=0) as file:
            # Two rotations at once would clear each other's slots.
            fcntl.flock(file, fcntl.LOCK_EX)
            return rewrap(file, key, ring)

    done = _each(store, limit, take_over, sealed=True)
    if done.complete and done.changed:
        # Once more, because a process that was not started anew may have written with the old key behind our back.
        done.complete = keys_in_use(store) == {ring.ids[0]}
    if done.complete:
        places.keep_keys(store.root, {ring.ids[0]})
    _record(Verb.STORE_KEYS_ROTATED, store, done)
    return done


def keys_in_use(store: LocalStorage) -> set[str]:
    """The ids in the headers of all objects. Reads every header."""
    found: set[str] = set()
    for key, sealed in _objects(store):
        if sealed:
            try:
                with store.sealed_path(key).open("rb", buffering=0) as file:
                    found.update(key_ids(file))
            except FileNotFoundError:
                continue  # erased meanwhile
    return found


def look_again() -> tuple[int, int]:
    """Read once more, to the last byte, what could not be read before; (mended, still not), of the first so many."""
    store = storage()
    looked = list(places.faults(store.root))[:AGAIN]
    mended = {key for key in looked if _is_fine(store, key)}
    places.forget_faults(store.root, mended)
    return len(mended), len(looked) - len(mended)


def _is_fine(store: LocalStorage, key: str) -> bool:
    """What was erased is fine, too."""
    try:
        with store.open_range(key) as stream:
            while stream.read(CHUNK):
                continue
    except UnreadableObject:
        return False
    except MissingObject:
        return True
    return True


def _with_key() -> tuple[LocalStorage, Keyring]:
    store = storage()
    if store.ring is None:
        raise NoKey("There is no key: give one in STORAGE_KEY, or in the file that STORAGE_KEY_FILE names.")
    return store, store.ring


def _objects(store: LocalStorage) -> Iterator[tuple[str, bool]]:
    for shard in places.shards(store.root):
        yield from places.objects_in(shard)


def _each(store: LocalStorage, limit: int | None, act: Callable[[str], bool], *, sealed: bool) -> Done:
    done = Done()
    for key, is_sealed in _objects(store):
        if is_sealed != sealed:
            continue
        if limit is not None and done.changed >= limit:
            return done
        try:
            done.changed += act(key)
        except UnreadableObject as error:
            places.note_fault(store.root, key, str(error))
            done.failed.append(key)
        except FileNotFoundError:
            continue  # erased meanwhile
    done.complete = not done.failed
    return done


def _record(verb: Verb, store: LocalStorage, done: Done) -> None:
    with transaction.atomic():
        audit.record(
            verb,
            actor=None,
            object_type="store",
            object_id=store.ring.ids[0] if store.ring else "",
            detail={"objects": done.changed, "failed": len(done.failed), "complete": done.complete},
        )
