# SPDX-License-Identifier: Apache-2.0
"""The vault of an instance: its keys, copies of it, and its audit trail."""

import json
import os
from ctypes import byref
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Union

from . import _callbacks
from ._audit import Moment, audit_entries, audit_head, audit_verify
from ._enums import Code
from ._errors import check
from ._ffi import lib
from ._handle import Handle
from ._keys import GivenKeys, Key
from ._structs import ProgressFunction, RotateOptions
from ._values import take_text, text_in

#: Told how many are done, of how many; False ends the work with Cancelled: what is done stays done.
Progress = Callable[[int, int], Optional[bool]]


class Vault:
    """What an Instance does with its vault as a whole."""

    _handle: Handle

    def vault_status(self) -> Dict[str, Any]:
        """How the vault stands, a dict:

        - "vault_id"; "storage": "sqlite" or "store"; "format": of its records
        - "read_only", and "read_only_reason": why, None where it is not
        - "connections": how many it holds; "audit_entries": how many its audit trail has
        - "key_version": how often the key was changed, plus one; "key": its kind, "file", "bytes", "passphrase" or
          "service"; "former_key_version": the version that a rotation that has not ended goes away from, or None
        - "rotation": None, or what has not ended: a dict of "kind" ("rotate", "rekey"), "done" and "total"
        """
        result: Dict[str, Any] = self._json(lib.vault_status)
        return result

    def add_key(self, key: Key) -> None:
        """Gives a running instance a second key, so that it goes on when another process rotates to it: give the new
        key to every process first, rotate in one, then take the old key away."""
        with GivenKeys() as given:
            struct = given.add("key", key)
            with self._handle as pointer:
                given.take()
                check(lib.vault_add_key, pointer, struct)

    def rotate_key(self, new_key: Key, *, actor: Optional[str] = None, progress: Optional[Progress] = None) -> None:
        """Replaces the key-encryption key, connection by connection, while this and other processes go on. After the
        last one the old key is refused. When it was cancelled or killed, the same call with the same key goes on where
        it ended. After a leak of the old key together with a copy of the vault, rekey() follows.

        :param actor: who does it, for the audit trail
        :param progress: called with (done, total); False, or an exception, which is then raised, cancels
        :raises Conflict: a rotation to another key, or a rekey, has not ended: end that first
        :raises Cancelled: by `progress`
        """
        self._move(lib.vault_rotate_key, new_key, actor, progress)

    def rekey(self, *, actor: Optional[str] = None, progress: Optional[Progress] = None) -> None:
        """Replaces every key below the key-encryption key and seals all anew. For after a leak, following rotate_key();
        the credentials that leaked are to be changed at the tenants all the same. Online and resumable like a rotation.

        :param actor: who does it, for the audit trail
        :param progress: as in rotate_key()
        """
        self._move(lib.vault_rekey, None, actor, progress)

    def _move(self, function: Any, key: Optional[Key], actor: Optional[str], progress: Optional[Progress]) -> None:
        options = RotateOptions(actor=text_in("actor", actor))
        if progress is not None:
            options.progress = _progress(progress)
        with GivenKeys() as given:
            options.new_key = given.add("new_key", key)
            with self._handle as pointer:
                given.take()
                check(function, pointer, byref(options))

    def check_vault(self) -> None:
        """Looks through the whole vault: the file's structure, and that every record proves genuine.

        :raises VaultCorrupt: the message names the first finding
        """
        with self._handle as pointer:
            check(lib.vault_check, pointer)

    def discard(self, record: str, *, actor: Optional[str] = None) -> None:
        """Takes away a record that is no connection's of this vault: so damaged that nobody knows whose it was, another
        vault's, or not in its place. It makes connections(), rotate_key(), rekey() and every NotFound a VaultCorrupt.

        :param record: its key: the `target` of that VaultCorrupt
        :param actor: who does it, for the audit trail
        :raises Conflict: a connection is found by it, and proves genuine: delete that by its id
        """
        key, who = text_in("record", record), text_in("actor", actor)
        with self._handle as pointer:
            check(lib.vault_discard, pointer, key, who)

    def backup(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Copies the vault's file while it is in use; the copy has mode 0600 and opens under the same key.

        :param path: a file that does not exist
        """
        text = text_in("path", os.fspath(path))
        with self._handle as pointer:
            check(lib.vault_backup, pointer, text)

    def audit_head(self) -> Dict[str, Any]:
        """The head of the audit trail, a dict of "vault_id", "count", "hash" and "generation". Keep it outside of the
        vault: given to audit_verify() later, it shows that entries, or the whole vault, were put back to an earlier
        state."""
        return audit_head(self._handle)

    def audit_verify(self, head: Union[str, Mapping[str, Any], None] = None) -> Dict[str, Any]:
        """Verifies the audit trail from its first entry to its last, and the connections against it. What is wrong is
        no exception but in the result, a dict:

        - "intact": whether nothing was found; "finding": what was, or None
        - "entries": how many proved genuine; "first_broken": number of the first that does not, None where it is not
          an entry
        - "head": as audit_head() gives it

        :param head: an earlier one, as audit_head() gave it, or its JSON text
        """
        return audit_verify(self._handle, head)

    def audit(
        self, *, connection: Optional[str] = None, since: Moment = None, before: Moment = None, after: int = 0
    ) -> Iterator[Dict[str, Any]]:
        """The entries of the audit trail, oldest first, read as they are asked for: dicts of "entry" (its number),
        "at", "actor", "action", "connection", "generation" and "result" ("ok", or the code of what went wrong). No
        secret is among them. audit_verify() verifies them.

        :param connection: entries of this connection alone
        :param since: entries from this moment on, an aware datetime, a date (its beginning in UTC), or RFC 3339
        :param before: entries before this moment
        :param after: entries after the one with this number
        """
        return audit_entries(self._handle, connection, since, before, after)

    def _json(self, function: Any, *arguments: Any) -> Any:
        with self._handle as pointer:
            return json.loads(take_text(function, pointer, *arguments))


def _progress(progress: Progress) -> Any:
    """The callback of one call."""

    def tell(_: Any, done: int, total: int) -> int:
        try:
            return _callbacks.FAILED if progress(done, total) is False else 0
        except BaseException as exception:
            return _callbacks.failed(None, exception, raised_for=Code.CANCELLED)

    return ProgressFunction(tell)
