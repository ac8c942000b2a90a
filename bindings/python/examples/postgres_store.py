# SPDX-License-Identifier: Apache-2.0
"""Keeps the vault in a table of PostgreSQL, so that it is backed up and replicated with the product's own data.

    store = PostgresStore("host=db.example dbname=product")
    instance = askel_s4.Instance(store=store, key_file="/etc/product/vault.key")

Needs psycopg 3. Usage:  postgres_store.py DSN    makes the table and lists what is in it (nothing of it is readable).
"""

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Callable, Iterator, List, Optional, Sequence, Tuple, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from askel_s4 import Store, StoreAction, StoreChange

if TYPE_CHECKING:
    from typing_extensions import LiteralString

Connection = psycopg.Connection[Tuple[object, ...]]
Result = TypeVar("Result")

# COLLATE "C": records are listed in the order of their keys' bytes, whatever language the database sorts by.
# EXTERNAL: sealed values look like noise, and compressing them is time lost.
_TABLE = """
CREATE TABLE {table} (
  key text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL CHECK (version > 0),
  value bytea NOT NULL
);
ALTER TABLE {table} ALTER COLUMN value SET STORAGE EXTERNAL
"""

# What a transaction is told that another one came in between of. It left nothing: the library reads again and comes
# back.
_OUTRUN = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)


class PostgresStore(Store):
    """A table of PostgreSQL, shared by threads and processes. It is the product's: close it after the instance.
    After fork() the child makes a store of its own.

    Transactions are SERIALIZABLE. A record's version is compared as it is written, so no update is lost; and what was
    only read (KEEP, also of records that are not there) cannot change under the transaction either, which compare and
    set alone would let through (write skew). Rows are touched in the order of their keys, so no two transactions wait
    for each other.
    """

    def __init__(self, dsn: str, *, table: str = "askel_s4_vault", connections: int = 8) -> None:
        """Makes the table where it is absent.

        :param dsn: libpq's connection string, or a URL
        :param connections: most connections at a time; a thread that finds none waits
        """
        # Of a server that is out of reach a thread is told, and does not wait for ever.
        self._dsn = make_conninfo("", **{"connect_timeout": 10, "tcp_user_timeout": 20_000, **conninfo_to_dict(dsn)})
        self._table = sql.Identifier(table)
        self._room = threading.BoundedSemaphore(connections)
        self._lock = threading.Lock()
        self._idle: List[Connection] = []
        self._closed = False
        self._retrying(self._make_table)

    def get(self, key: str) -> Optional[Tuple[int, bytes]]:
        def read(connection: Connection) -> Optional[Tuple[int, bytes]]:
            query = self._sql("SELECT version, value FROM {table} WHERE key = %s")
            for version, value in connection.execute(query, [key], binary=True):
                return _integer(version), _bytes(value)
            return None

        return self._retrying(read)

    def list(self, prefix: str, after: Optional[str], limit: int) -> List[Tuple[str, int, bytes]]:
        def read(connection: Connection) -> List[Tuple[str, int, bytes]]:
            # A range, which the key's index answers; no key has a character above ~.
            query = self._sql(
                "SELECT key, version, value FROM {table} "
                "WHERE key >= %s AND key < %s AND key > %s ORDER BY key LIMIT %s"
            )
            found = connection.execute(query, [prefix, prefix + "\x7f", after or "", limit], binary=True)
            return [(str(key), _integer(version), _bytes(value)) for key, version, value in found]

        return self._retrying(read)

    def commit(self, changes: Sequence[StoreChange]) -> bool:
        try:
            with self._connection() as connection:
                return self._commit(connection, changes)
        except psycopg.OperationalError as error:
            if not _is_lost(error):
                raise
        # The connection was lost, and whether the server had committed is not known. If it had, the versions have
        # moved on, and the second time is a conflict with ourselves.
        with self._connection() as connection:
            return self._commit(connection, changes) or self._has(connection, changes)

    def close(self) -> None:
        """Closes the connections; those in use when they are given back."""
        with self._lock:
            self._closed = True
        self._forget_idle()

    def __enter__(self) -> "PostgresStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _commit(self, connection: Connection, changes: Sequence[StoreChange]) -> bool:
        try:
            with connection.transaction():
                for change in changes:
                    if not self._apply(connection, change):
                        raise _Conflict
            return True
        except (_Conflict, *_OUTRUN):
            return False

    def _apply(self, connection: Connection, change: StoreChange) -> bool:
        """Touches the record where it is at its expected version, and says whether it is."""
        key, expected = change.key, change.expected_version
        if change.action == StoreAction.PUT and expected == 0:
            query = self._sql("INSERT INTO {table} (key, version, value) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING")
            return connection.execute(query, [key, change.version, change.value]).rowcount == 1
        if change.action == StoreAction.PUT:
            query = self._sql("UPDATE {table} SET version = %s, value = %s WHERE key = %s AND version = %s")
            return connection.execute(query, [change.version, change.value, key, expected]).rowcount == 1
        if change.action == StoreAction.DELETE:
            query = self._sql("DELETE FROM {table} WHERE key = %s AND version = %s")
            return connection.execute(query, [key, expected]).rowcount == 1
        found = connection.execute(self._sql("SELECT version FROM {table} WHERE key = %s"), [key]).fetchone()
        return found == (None if expected == 0 else (expected,))

    def _has(self, connection: Connection, changes: Sequence[StoreChange]) -> bool:
        """Whether these very changes were committed: they came all or none, and nobody else seals the same bytes."""
        query = self._sql("SELECT FROM {table} WHERE key = %s AND version = %s AND value = %s")
        return any(
            connection.execute(query, [change.key, change.version, change.value]).rowcount == 1
            for change in changes
            if change.action == StoreAction.PUT
        )

    def _make_table(self, connection: Connection) -> None:
        name = self._table.as_string(connection)
        with connection.transaction():
            # Two processes that begin at the same time do not both make it.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
            if connection.execute("SELECT to_regclass(%s)", [name]).fetchone() == (None,):
                connection.execute(self._sql(_TABLE))
        self.title = f"PostgreSQL {connection.info.dbname}.{name}"[:200]

    def _retrying(self, read: Callable[[Connection], Result]) -> Result:
        """Runs what changes nothing; once more where the connection was lost (a restart)."""
        try:
            with self._connection() as connection:
                return read(connection)
        except psycopg.OperationalError as error:
            if not _is_lost(error):
                raise
        with self._connection() as connection:
            return read(connection)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lends a connection to one thread."""
        with self._room:
            with self._lock:
                if self._closed:
                    raise RuntimeError("this PostgresStore was closed")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connect()
            try:
                yield connection
            except BaseException:
                if connection.closed:
                    # The server went away: the other connections are as dead as this one.
                    self._forget_idle()
                # An exception in the middle of a query leaves it in an unknown state.
                connection.close()
                raise
            with self._lock:
                if not self._closed:
                    self._idle.append(connection)
                    return
            connection.close()

    def _connect(self) -> Connection:
        connection = psycopg.connect(self._dsn, autocommit=True)
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        # What was acknowledged is on the disk, whatever the server's default. A lock that somebody holds for long is
        # a conflict: the library tries again until its own deadline.
        connection.execute(
            "SELECT set_config('lock_timeout', '2s', false), CASE WHEN current_setting('synchronous_commit') = 'off' "
            "THEN set_config('synchronous_commit', 'on', false) END"
        )
        return connection

    def _forget_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _sql(self, text: "LiteralString") -> sql.Composed:
        return sql.SQL(text).format(table=self._table)


class _Conflict(Exception):
    """A record is not at its expected version: rolls the transaction back."""


def _is_lost(error: psycopg.OperationalError) -> bool:
    """Whether it is about the connection, and not about a statement, for which the server gives a code of its own; one
    that is being stopped or started gives those of class 57P."""
    return error.sqlstate is None or error.sqlstate.startswith(("57P", "08"))


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    with PostgresStore(sys.argv[1]) as store:
        print(store.title)
        after: Optional[str] = None
        while True:
            records = store.list("", after, 1000)
            if not records:
                return 0
            for key, version, value in records:
                print(f"{key:60} version {version:6} {len(value):8} bytes")
            after = records[-1][0]


if __name__ == "__main__":
    sys.exit(main())
