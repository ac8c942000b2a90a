/* SPDX-License-Identifier: Apache-2.0
 *
 * vault_work: damaged copies of a vault, and what comes of them.
 */
#define _XOPEN_SOURCE 700
#include "vault_work.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file {
  unsigned char *data;
  size_t size;
} file;

static file load(const char *path, const char *suffix) {
  char name[4096];
  struct stat status;
  file loaded = {NULL, 0};
  int from;
  snprintf(name, sizeof name, "%s%s", path, suffix);
  from = open(name, O_RDONLY);
  if (from < 0) return loaded;
  if (fstat(from, &status)) fail("wrong: %s", name);
  loaded.size = (size_t)status.st_size;
  loaded.data = malloc(loaded.size + 1);
  if (read(from, loaded.data, loaded.size) != status.st_size) fail("wrong: %s is not read", name);
  close(from);
  return loaded;
}

static void save(const file *saved, size_t size, const char *path, const char *suffix) {
  char name[4096];
  int to;
  snprintf(name, sizeof name, "%s%s", path, suffix);
  unlink(name);
  if (!saved->data) return;
  to = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (to < 0 || write(to, saved->data, size) != (ssize_t)size) fail("wrong: %s: %s", name, strerror(errno));
  close(to);
}

void copy(const char *to) {
  askel_s4_instance *instance = open_vault();
  char name[32];
  /* A put for each connection beyond what the file itself holds: it stands in the log alone. */
  for (long generation = 2; generation <= 3; generation++)
    for (long number = 0; number < CONNECTIONS; number++) must_put(instance, name_of(name, number), number, generation);
  file database = load(vault_path, ""), log = load(vault_path, "-wal");
  if (!database.data || !log.data) fail("wrong: there is no log to copy");
  save(&database, database.size, to, "");
  save(&log, log.size, to, "-wal");
  askel_s4_instance_close(instance);
}

typedef struct damage {
  long newest, oldest;
  const char *what;
  unsigned long at;
  long right, refused, wrong;
} damage;

static void is_wrong(damage *d, const char *call, askel_s4_status status, const char *text) {
  if (d->wrong++ < 20) printf("wrong %s at %lu: %s: %d %s\n", d->what, d->at, call, (int)status, text);
}

/* A refusal must be one that tells of the vault, in one line. */
static void refused(damage *d, const char *call, askel_s4_status status, askel_s4_error *error) {
  const char *message = askel_s4_error_message(error);
  int is_clear = status == ASKEL_S4_VAULT_UNAVAILABLE || status == ASKEL_S4_VAULT_CORRUPT ||
                 (status == ASKEL_S4_VAULT_KEY_REFUSED && !strcmp(call, "open")) ||
                 /* The log's end was lost, and with it connections that the file itself never held. */
                 (status == ASKEL_S4_NOT_FOUND && d->oldest == 0);
  if (!is_clear || !message[0] || strchr(message, '\n')) is_wrong(d, call, status, message);
  else d->refused++;
  askel_s4_error_free(error);
}

static int is_right(const damage *d, const char *json, const char *id, long number) {
  for (long generation = d->newest; generation >= 1 && generation >= d->oldest; generation--) {
    values v = values_of(id, number, generation);
    if (describes(json, &v, generation)) return 1;
  }
  return 0;
}

static void look(damage *d) {
  askel_s4_instance *instance = NULL;
  askel_s4_error *error = NULL;
  askel_s4_status status = try_open(&instance, &error);
  char *json = NULL, id[32];
  if (status != ASKEL_S4_OK) {
    refused(d, "open", status, error);
    return;
  }
  for (long number = 0; number < CONNECTIONS; number++) {
    name_of(id, number);
    status = askel_s4_connection_get(instance, id, &json, &error);
    if (status != ASKEL_S4_OK) refused(d, "get", status, error);
    else if (is_right(d, json, id, number)) d->right++;
    else is_wrong(d, "get", status, json);
    askel_s4_string_free(json);
    status = open_client(instance, id, &error);
    if (status != ASKEL_S4_OK) refused(d, "client_open", status, error);
    else d->right++;
  }
  status = askel_s4_connection_list(instance, &json, &error);
  if (status != ASKEL_S4_OK) {
    refused(d, "list", status, error);
  } else {
    long number = 0;
    for (const char *at = json; (at = strstr(at, "{\"id\":\"")); at++, number++)
      if (!is_right(d, at, name_of(id, number), number)) break;
    if (number == CONNECTIONS) d->right++;
    else is_wrong(d, "list", status, json);
    askel_s4_string_free(json);
  }
  askel_s4_instance_close(instance);
}

void damage_copies(char **arguments) {
  const char *from = arguments[0];
  unsigned seed = (unsigned)strtoul(arguments[1], NULL, 10);
  long count = strtol(arguments[2], NULL, 10);
  int cuts = !strcmp(arguments[3], "cut"), in_log = !strcmp(arguments[4], "wal");
  damage d = {strtol(arguments[5], NULL, 10), strtol(arguments[6], NULL, 10), arguments[3], 0, 0, 0, 0};
  file database = load(from, ""), log = load(from, "-wal"), *damaged = in_log ? &log : &database;
  if (!damaged->size) fail("wrong: there is nothing to damage");
  for (long turn = 0; turn < count; turn++) {
    size_t byte = (((size_t)rand_r(&seed) << 16) ^ (size_t)rand_r(&seed)) % damaged->size;
    int bit = rand_r(&seed) % 8;
    size_t database_size = database.size, log_size = log.size;
    d.at = cuts ? (unsigned long)byte : (unsigned long)byte * 8 + (unsigned long)bit;
    if (cuts) *(in_log ? &log_size : &database_size) = byte;
    else damaged->data[byte] ^= (unsigned char)(1 << bit);
    file nothing = {NULL, 0};
    save(&nothing, 0, vault_path, "-shm");
    save(&database, database_size, vault_path, "");
    save(&log, log_size, vault_path, "-wal");
    alarm(20); /* a hang ends with a signal */
    look(&d);
    if (!cuts) damaged->data[byte] ^= (unsigned char)(1 << bit);
  }
  printf("right %ld refused %ld wrong %ld\n", d.right, d.refused, d.wrong);
  if (d.wrong) exit(WRONG);
}
