/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures the vault through the shipped library and its header alone, beside SQLite on the same disk.
 *
 *   vault_bench open|put|list|rotate FOLDER
 *
 * Prints `name value` lines; bench.py makes figures of them. Exit status 77: this library cannot do that yet.
 */
#define _GNU_SOURCE
#include <askel_s4.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SKIPPED = 77, WARM_CONNECTIONS = 100, MANY_CONNECTIONS = 10000, ROUNDS = 15, PUTS = 1000, PUTS_TO_WARM = 1200 };

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

/* Makes a call whose last argument is `&error`. */
#define MUST(what, call)                                                       \
  do {                                                                         \
    askel_s4_error *error = NULL;                                              \
    if ((call) != ASKEL_S4_OK) fail(what, askel_s4_error_message(error));      \
  } while (0)

static void must_sql(int result, int wanted, sqlite3 *database, const char *what) {
  if (result != wanted) fail(what, sqlite3_errmsg(database));
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, ascending);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print(const char *name, double value) { printf("%s %.9g\n", name, value); }

/* ------------------------------------------------------------------------------------------------------------------ */

static char vault_path[4096];
static const uint8_t old_key[32] = "the bench's first key, 32 bytes";

static askel_s4_instance *open_vault(const char *folder) {
  askel_s4_instance_options options = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  askel_s4_instance *instance = NULL;
  snprintf(vault_path, sizeof vault_path, "%s/vault.db", folder);
  options.vault_path = vault_path;
  options.key = old_key;
  options.key_size = sizeof old_key;
  MUST("open", askel_s4_instance_open(&options, &instance, &error));
  return instance;
}

static const char *name_of(int number) {
  static char name[32];
  snprintf(name, sizeof name, "customer-%05d", number);
  return name;
}

/* What a customer's basis admin hands over; no certificates, which would drown all else. */
static void put(const askel_s4_instance *instance, int number) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  options.id = name_of(number);
  options.host = "my300000-api.s4hana.cloud.sap";
  options.token_url = "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token";
  options.client_id = "sb-9a1b2c3d-0f0e-4d1c-8b2a-5e6f7a8b9c0d!b1234|it-rt-nordvik!b5678";
  options.client_secret = "8d7c6b5a-4938-2716-0504-f3e2d1c0b9a8$Zm9vYmFyYmF6cXV4LWZvb2JhcmJhenF1eA==";
  MUST("put", askel_s4_connection_put(instance, &options, &error));
}

static void fill(const askel_s4_instance *instance, int count) {
  for (int number = 0; number < count; number++) put(instance, number);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void open_and_free(const askel_s4_instance *instance, const char *id) {
  askel_s4_client_options options = ASKEL_S4_CLIENT_OPTIONS_INIT;
  askel_s4_client *client = NULL;
  options.connection = id;
  MUST("client_open", askel_s4_client_open(instance, &options, &client, &error));
  askel_s4_client_free(client);
}

static void get_and_free(const askel_s4_instance *instance, const char *id) {
  char *json = NULL;
  MUST("connection_get", askel_s4_connection_get(instance, id, &json, &error));
  askel_s4_string_free(json);
}

/* Calls a second, over all warm connections in turn: the median of the rounds. */
static double rate(const askel_s4_instance *instance, void (*call)(const askel_s4_instance *, const char *)) {
  char ids[WARM_CONNECTIONS][32];
  double rates[ROUNDS];
  for (int number = 0; number < WARM_CONNECTIONS; number++) strcpy(ids[number], name_of(number));
  for (int round = -1; round < ROUNDS; round++) {
    double began = now(), took = 0;
    long calls = 0;
    for (; took < 0.1; took = now() - began)
      for (int number = 0; number < WARM_CONNECTIONS; number++, calls++) call(instance, ids[number]);
    if (round >= 0) rates[round] = (double)calls / took;
  }
  return median(rates, ROUNDS);
}

static void measure_open(const char *folder) {
  askel_s4_instance *instance = open_vault(folder);
  fill(instance, WARM_CONNECTIONS);
  print("client_open_free_per_s", rate(instance, open_and_free));
  print("connection_get_per_s", rate(instance, get_and_free));
  askel_s4_instance_close(instance);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static sqlite3 *open_sqlite(const char *path, int flags) {
  sqlite3 *database = NULL;
  if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK) fail(path, "SQLite does not open it");
  return database;
}

static int64_t number_of(sqlite3 *database, const char *sql) {
  sqlite3_stmt *statement = NULL;
  int64_t number;
  must_sql(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK, database, sql);
  must_sql(sqlite3_step(statement), SQLITE_ROW, database, sql);
  number = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return number;
}

/* Bytes of all values in all tables of the vault, whatever its format is. */
static int64_t bytes_kept(void) {
  sqlite3 *database = open_sqlite(vault_path, SQLITE_OPEN_READONLY);
  sqlite3_stmt *columns = NULL;
  int64_t bytes = 0;
  const char *sql =
      "SELECT printf('SELECT coalesce(sum(length(CAST(\"%w\" AS BLOB))), 0) FROM \"%w\"', c.name, t.name)"
      "  FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'";
  must_sql(sqlite3_prepare_v2(database, sql, -1, &columns, NULL), SQLITE_OK, database, "columns");
  while (sqlite3_step(columns) == SQLITE_ROW)
    bytes += number_of(database, (const char *)sqlite3_column_text(columns, 0));
  sqlite3_finalize(columns);
  sqlite3_close(database);
  return bytes;
}

/* A bare commit: one row replaced, by a prepared statement, in a file with the vault's own settings. */
typedef struct bare {
  sqlite3 *database;
  sqlite3_stmt *begin, *replace, *commit;
  unsigned char *value;
  int size;
} bare;

static void step(bare *bare, sqlite3_stmt *statement) {
  must_sql(sqlite3_step(statement), SQLITE_DONE, bare->database, "bare commit");
  sqlite3_reset(statement);
}

static void bare_commit(bare *bare, int number) {
  for (int byte = 0; byte < bare->size; byte += 8) bare->value[byte]++;
  sqlite3_bind_text(bare->replace, 1, name_of(number), -1, SQLITE_TRANSIENT);
  sqlite3_bind_blob(bare->replace, 2, bare->value, bare->size, SQLITE_STATIC);
  step(bare, bare->begin);
  step(bare, bare->replace);
  step(bare, bare->commit);
}

static bare open_bare(const char *folder, int size) {
  bare bare = {NULL, NULL, NULL, NULL, NULL, size};
  char path[4096];
  snprintf(path, sizeof path, "%s/bare.db", folder);
  bare.database = open_sqlite(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  must_sql(sqlite3_exec(bare.database,
                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                        "CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
                        NULL, NULL, NULL),
           SQLITE_OK, bare.database, "bare table");
  sqlite3_prepare_v2(bare.database, "BEGIN IMMEDIATE", -1, &bare.begin, NULL);
  sqlite3_prepare_v2(bare.database, "REPLACE INTO record VALUES (?, ?)", -1, &bare.replace, NULL);
  sqlite3_prepare_v2(bare.database, "COMMIT", -1, &bare.commit, NULL);
  bare.value = calloc(1, (size_t)size);
  if (!bare.begin || !bare.replace || !bare.commit || !bare.value) fail("bare", sqlite3_errmsg(bare.database));
  return bare;
}

/* Both replace one of as many rows, in turn: what else the disk does hits both. First each until its log was written
 * back and is written over: a commit that makes the file longer costs more. */
static void measure_put(const char *folder) {
  static double puts[PUTS], commits[PUTS];
  askel_s4_instance *instance = open_vault(folder);
  int64_t before = bytes_kept(), size;
  bare bare;
  fill(instance, WARM_CONNECTIONS);
  size = (bytes_kept() - before) / WARM_CONNECTIONS;
  bare = open_bare(folder, (int)size);
  for (int number = 0; number < PUTS_TO_WARM; number++) bare_commit(&bare, number % WARM_CONNECTIONS);
  for (int number = 0; number < PUTS_TO_WARM; number++) put(instance, number % WARM_CONNECTIONS);
  for (int number = 0; number < PUTS; number++) {
    double began = now(), half;
    put(instance, number % WARM_CONNECTIONS);
    half = now();
    bare_commit(&bare, number % WARM_CONNECTIONS);
    commits[number] = now() - half;
    puts[number] = half - began;
  }
  print("put_bytes", (double)size);
  print("put_us", median(puts, PUTS) * 1e6);
  print("bare_commit_us", median(commits, PUTS) * 1e6);
  askel_s4_instance_close(instance);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void measure_list(const char *folder) {
  askel_s4_instance *instance = open_vault(folder);
  double took[ROUNDS];
  fill(instance, MANY_CONNECTIONS);
  for (int round = -1; round < ROUNDS; round++) {
    double began = now();
    char *json = NULL;
      MUST("list", askel_s4_connection_list(instance, &json, &error));
    if (round >= 0) took[round] = now() - began;
    if (!strstr(json, name_of(MANY_CONNECTIONS - 1))) fail("list", "the last connection is missing");
    askel_s4_string_free(json);
  }
  print("list_ms", median(took, ROUNDS) * 1e3);
  askel_s4_instance_close(instance);
}

/* ------------------------------------------------------------------------------------------------------------------ */

#ifdef ASKEL_S4_ROTATE_OPTIONS_INIT
#pragma weak askel_s4_vault_rotate_key
static void measure_rotate(const char *folder) {
  askel_s4_instance *instance;
  if (!askel_s4_vault_rotate_key) exit(SKIPPED);
  instance = open_vault(folder);
  fill(instance, MANY_CONNECTIONS);
  double took[3];
  for (int round = 0; round < 3; round++) {
    uint8_t new_key[32] = {0};
    askel_s4_key key = ASKEL_S4_KEY_INIT;
    askel_s4_rotate_options options = ASKEL_S4_ROTATE_OPTIONS_INIT;
      double began;
    memset(new_key, 'b' + round, sizeof new_key);
    key.kind = ASKEL_S4_KEY_BYTES;
    key.bytes = new_key;
    key.size = sizeof new_key;
    options.new_key = &key;
    began = now();
    MUST("rotate_key", askel_s4_vault_rotate_key(instance, &options, &error));
    took[round] = now() - began;
    open_and_free(instance, name_of(round));
  }
  print("rotate_s", median(took, 3));
  askel_s4_instance_close(instance);
}
#else
static void measure_rotate(const char *folder) {
  (void)folder;
  exit(SKIPPED);
}
#endif

int main(int argc, char **argv) {
  if (argc != 3) fail("usage", "vault_bench open|put|list|rotate FOLDER");
  if (!strcmp(argv[1], "open")) measure_open(argv[2]);
  else if (!strcmp(argv[1], "put")) measure_put(argv[2]);
  else if (!strcmp(argv[1], "list")) measure_list(argv[2]);
  else if (!strcmp(argv[1], "rotate")) measure_rotate(argv[2]);
  else fail(argv[1], "no such measurement");
  return 0;
}
