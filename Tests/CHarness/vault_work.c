/* SPDX-License-Identifier: Apache-2.0
 *
 * Work on a vault, for tests that kill it, crowd it, damage its file or take its place away.
 *
 *   vault_work MODE VAULT KEY_FILE OTHER_KEY_FILE|- [ARGUMENT ...]
 *
 *   fill COUNT GENERATIONS           puts COUNT connections, each GENERATIONS times
 *   show                             prints the list of connections, and opens each
 *   show_read_only                   the same, with the vault opened for reading alone
 *   put NUMBER GENERATION            puts one connection
 *   share                            puts the connections that a crowd shares
 *   write FIRST                      puts for ever, values FIRST, FIRST + 1, ...: a line for each that is acknowledged
 *   stage FIRST SANDBOX_LINE_FILE    stages, checks, promotes and retires for ever: likewise
 *   rotate                           rotates to the other key, or goes on doing so
 *   rekey                            replaces the keys below it, likewise
 *   crowd SECONDS THREADS PROCESS SEED rotate|-      mixed work; prints the generation that each connection's puts made
 *   copy TO                          copies the vault's files, its log too, while it is open with a put in the log
 *   damage FROM SEED COUNT flip|cut db|wal GENERATIONS OLDEST
 *                                    damages copies of FROM at VAULT, and looks at what comes of each
 *
 * Exit status 0: well; 1: what went wrong is printed as "error CODE MESSAGE" or "wrong ..."; 77: not with this library.
 */
#define _XOPEN_SOURCE 700
#include "vault_work.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

const char *vault_path, *key_path, *other_path;
int reads_only;

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
  fflush(stdout);
  _exit(WRONG);
}

#ifdef HAS_ROTATION
askel_s4_key key_of(const char *path) {
  askel_s4_key key = ASKEL_S4_KEY_INIT;
  key.kind = ASKEL_S4_KEY_FILE;
  key.file = path;
  return key;
}
#endif

askel_s4_status try_open(askel_s4_instance **instance, askel_s4_error **error) {
  askel_s4_instance_options options = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  options.vault_path = vault_path;
  options.key_file = key_path;
#ifdef HAS_ROTATION
  askel_s4_key other = key_of(other_path);
  if (other_path) options.other_key = &other;
  if (reads_only) options.vault_flags = ASKEL_S4_VAULT_READ_ONLY;
#else
  if (other_path || reads_only) exit(UNABLE);
#endif
  return askel_s4_instance_open(&options, instance, error);
}

askel_s4_instance *open_vault(void) {
  askel_s4_instance *instance = NULL;
  MUST("open", try_open(&instance, &error));
  return instance;
}

/* A whole line with one write: what is acknowledged and what is not stays apart, whenever the process is killed. */
void acknowledge(const char *what, const char *id, long value) {
  char line[200];
  int size = snprintf(line, sizeof line, "%s %s %ld\n", what, id, value);
  if (write(STDOUT_FILENO, line, (size_t)size) != size) _exit(WRONG);
}

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

values values_of(const char *id, long number, long generation) {
  values v;
  snprintf(v.id, sizeof v.id, "%s", id);
  snprintf(v.host, sizeof v.host, "my%ld-api.s4hana.cloud.sap", 300000 + number);
  snprintf(v.token_url, sizeof v.token_url, "https://%s/sap/bc/sec/oauth2/token", v.host);
  snprintf(v.client_id, sizeof v.client_id, "client-%ld-%ld", number, generation);
  snprintf(v.secret, sizeof v.secret, "secret-%ld-%ld", number, generation);
  snprintf(v.scope, sizeof v.scope, "s-%ld-%ld", number, generation);
  return v;
}

static askel_s4_status put(const askel_s4_instance *instance, const values *v, askel_s4_error **error) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  options.id = v->id;
  options.host = v->host;
  options.token_url = v->token_url;
  options.client_id = v->client_id;
  options.client_secret = v->secret;
  options.scope = v->scope;
  return askel_s4_connection_put(instance, &options, error);
}

void must_put(const askel_s4_instance *instance, const char *id, long number, long generation) {
  values v = values_of(id, number, generation);
  MUST("put", put(instance, &v, &error));
}

const char *name_of(char *name, long number) {
  sprintf(name, "customer-%04ld", number);
  return name;
}

/* Whether JSON, from `at` on, describes these values and no others. */
int describes(const char *json, const values *v, long generation) {
  char member[400];
  const char *end = strstr(json + 1, "{\"id\":");
  size_t length = end ? (size_t)(end - json) : strlen(json);
  const char *names[] = {"id", "host", "token_url", "client_id", "scope"};
  const char *texts[] = {v->id, v->host, v->token_url, v->client_id, v->scope};
  for (int i = 0; i < 5; i++) {
    snprintf(member, sizeof member, "\"%s\":\"%s\"", names[i], texts[i]);
    const char *found = strstr(json, member);
    if (!found || (size_t)(found - json) > length) return 0;
  }
  snprintf(member, sizeof member, "\"generation\":%ld,", generation);
  const char *found = strstr(json, member);
  return found && (size_t)(found - json) < length;
}

askel_s4_status open_client(const askel_s4_instance *instance, const char *id, askel_s4_error **error) {
  askel_s4_client_options options = ASKEL_S4_CLIENT_OPTIONS_INIT;
  askel_s4_client *client = NULL;
  askel_s4_status status;
  options.connection = id;
  status = askel_s4_client_open(instance, &options, &client, error);
  askel_s4_client_free(client);
  return status;
}

static void fill(long count, long generations) {
  askel_s4_instance *instance = open_vault();
  char name[32];
  for (long generation = 1; generation <= generations; generation++)
    for (long number = 0; number < count; number++)
      must_put(instance, name_of(name, number), number, generation);
  askel_s4_instance_close(instance);
}

static void share(void) {
  askel_s4_instance *instance = open_vault();
  char name[32];
  for (int number = 0; number < SHARED; number++) {
    sprintf(name, "shared-%d", number);
    must_put(instance, name, 0, 1);
  }
  askel_s4_instance_close(instance);
}

static void show(void) {
  askel_s4_instance *instance = open_vault();
  char *json = NULL, id[200];
  long opened = 0;
  MUST("status", askel_s4_instance_status(instance, &json, &error));
  printf("%s\n", json);
  askel_s4_string_free(json);
  MUST("list", askel_s4_connection_list(instance, &json, &error));
  printf("%s\n", json);
  for (const char *at = json; (at = strstr(at, "{\"id\":\"")); opened++) {
    at += 7;
    snprintf(id, sizeof id, "%.*s", (int)strcspn(at, "\""), at);
    MUST(id, open_client(instance, id, &error));
  }
  printf("%ld\n", opened);
  askel_s4_string_free(json);
  askel_s4_instance_close(instance);
}

int main(int argc, char **argv) {
  const char *mode = argc > 4 ? argv[1] : "";
  char **rest = argv + 5, name[32];
  int count = argc - 5;
  vault_path = argc > 4 ? argv[2] : NULL;
  key_path = argc > 4 ? argv[3] : NULL;
  other_path = argc > 4 && strcmp(argv[4], "-") ? argv[4] : NULL;
  if (!strcmp(mode, "fill") && count == 2) fill(atol(rest[0]), atol(rest[1]));
  else if (!strcmp(mode, "show") && count == 0) show();
  else if (!strcmp(mode, "show_read_only") && count == 0) {
    reads_only = 1;
    show();
  } else if (!strcmp(mode, "share") && count == 0) share();
  else if (!strcmp(mode, "put") && count == 2) {
    askel_s4_instance *instance = open_vault();
    must_put(instance, name_of(name, atol(rest[0])), atol(rest[0]), atol(rest[1]));
    askel_s4_instance_close(instance);
  } else if (!strcmp(mode, "write") && count == 1) write_for_ever(atol(rest[0]));
  else if (!strcmp(mode, "stage") && count == 2) stage_for_ever(atol(rest[0]), rest[1]);
  else if (!strcmp(mode, "rekey") && count == 0) rekey();
  else if (!strcmp(mode, "rotate") && count == 0) rotate();
  else if (!strcmp(mode, "crowd") && count == 5)
    crowd(atof(rest[0]), atoi(rest[1]), atoi(rest[2]), (unsigned)atol(rest[3]), !strcmp(rest[4], "rotate"));
  else if (!strcmp(mode, "copy") && count == 1) copy(rest[0]);
  else if (!strcmp(mode, "damage") && count == 7) damage_copies(rest);
  else {
    fprintf(stderr, "usage: vault_work MODE VAULT KEY_FILE OTHER_KEY_FILE|- [ARGUMENT ...]\n");
    return 2;
  }
  return 0;
}
