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
 *   crowd SECONDS THREADS PROCESS SEED rotate|-      mixed work; prints the generation that each connection's puts made
 *   copy TO                          copies the vault's files, its log too, while it is open with a put in the log
 *   damage FROM SEED COUNT flip|cut db|wal GENERATIONS OLDEST
 *                                    damages copies of FROM at VAULT, and looks at what comes of each
 *
 * Exit status 0: well; 1: what went wrong is printed as "error CODE MESSAGE" or "wrong ..."; 77: not with this library.
 */
#define _XOPEN_SOURCE 700
#include <askel_s4.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef ASKEL_S4_ROTATE_OPTIONS_INIT
#define HAS_ROTATION
#pragma weak askel_s4_vault_rotate_key
#pragma weak askel_s4_connection_stage
#pragma weak askel_s4_connection_promote
#pragma weak askel_s4_connection_retire
#endif

enum { WRONG = 1, UNABLE = 77, CONNECTIONS = 20, SHARED = 4, WRITTEN = 5 };

static const char *vault_path, *key_path, *other_path;
static int reads_only;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
  fflush(stdout);
  _exit(WRONG);
}

/* Makes a call whose last argument is `&error`. */
#define MUST(what, call)                                                                                     \
  do {                                                                                                       \
    askel_s4_error *error = NULL;                                                                            \
    askel_s4_status status_ = (call);                                                                        \
    if (status_ != ASKEL_S4_OK) fail("error %d %s: %s", (int)status_, what, askel_s4_error_message(error)); \
  } while (0)

#ifdef HAS_ROTATION
static askel_s4_key key_of(const char *path) {
  askel_s4_key key = ASKEL_S4_KEY_INIT;
  key.kind = ASKEL_S4_KEY_FILE;
  key.file = path;
  return key;
}
#endif

static askel_s4_status try_open(askel_s4_instance **instance, askel_s4_error **error) {
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

static askel_s4_instance *open_vault(void) {
  askel_s4_instance *instance = NULL;
  MUST("open", try_open(&instance, &error));
  return instance;
}

/* A whole line with one write: what is acknowledged and what is not stays apart, whenever the process is killed. */
static void acknowledge(const char *what, const char *id, long value) {
  char line[200];
  int size = snprintf(line, sizeof line, "%s %s %ld\n", what, id, value);
  if (write(STDOUT_FILENO, line, (size_t)size) != size) _exit(WRONG);
}

/* ---- connections whose parts must all be of one generation ---- */

typedef struct values {
  char id[64], host[80], token_url[160], client_id[64], secret[64], scope[64];
} values;

static values values_of(const char *id, long number, long generation) {
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

static void must_put(const askel_s4_instance *instance, const char *id, long number, long generation) {
  values v = values_of(id, number, generation);
  MUST("put", put(instance, &v, &error));
}

static const char *name_of(char *name, long number) {
  sprintf(name, "customer-%04ld", number);
  return name;
}

/* Whether JSON, from `at` on, describes these values and no others. */
static int describes(const char *json, const values *v, long generation) {
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

static askel_s4_status open_client(const askel_s4_instance *instance, const char *id, askel_s4_error **error) {
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

/* ---- killed at any moment ---- */

static void write_for_ever(long value) {
  askel_s4_instance *instance = open_vault();
  char id[32];
  acknowledge("ready", "-", 0);
  for (;; value++) {
    sprintf(id, "written-%ld", value % WRITTEN);
    must_put(instance, id, value % WRITTEN, value);
    acknowledge("put", id, value);
  }
}

#ifdef HAS_ROTATION
static char *member_of(const char *line, const char *name) {
  char pattern[64];
  const char *at;
  snprintf(pattern, sizeof pattern, "\"%s\": \"", name);
  at = strstr(line, pattern);
  if (!at) fail("wrong line of the sandbox: no %s", name);
  at += strlen(pattern);
  return strndup(at, strcspn(at, "\""));
}

static void stage_for_ever(long value, const char *line_file) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  askel_s4_check_options beside = ASKEL_S4_CHECK_OPTIONS_INIT;
  askel_s4_instance *instance;
  char line[4096], scope[64], *json = NULL;
  FILE *file = fopen(line_file, "r");
  if (!askel_s4_connection_stage || !askel_s4_connection_promote || !askel_s4_connection_retire) exit(UNABLE);
  if (!file || !fgets(line, sizeof line, file)) fail("wrong line of the sandbox: %s", line_file);
  fclose(file);
  options.id = "staged-0";
  options.host = member_of(line, "api_url");
  options.token_url = member_of(line, "token_url");
  options.ca_file = member_of(line, "ca_file");
  options.client_id = member_of(line, "client_id");
  options.client_secret = member_of(line, "client_secret");
  options.allow_host = "localhost";
  options.scope = scope;
  beside.beside = 1;
  instance = open_vault();
  acknowledge("ready", "-", 0);
  snprintf(scope, sizeof scope, "s-0-%ld", value);
  MUST("put", askel_s4_connection_put(instance, &options, &error));
  acknowledge("put", options.id, value);
  for (value++;; value++) {
    snprintf(scope, sizeof scope, "s-0-%ld", value);
    MUST("stage", askel_s4_connection_stage(instance, &options, &error));
    acknowledge("stage", options.id, value);
    MUST("check", askel_s4_connection_check_wait(instance, options.id, &beside, &json, &error));
    askel_s4_string_free(json);
    MUST("promote", askel_s4_connection_promote(instance, options.id, NULL, &error));
    acknowledge("promote", options.id, value);
    if (value % 2) continue;
    MUST("retire", askel_s4_connection_retire(instance, options.id, NULL, &error));
    acknowledge("retire", options.id, value);
  }
}

static int on_progress(void *userdata, uint64_t done, uint64_t total) {
  (void)userdata, (void)total;
  acknowledge("progress", "-", (long)done);
  return 0;
}

static void rotate_key(const askel_s4_instance *instance, askel_s4_progress_fn progress) {
  askel_s4_rotate_options options = ASKEL_S4_ROTATE_OPTIONS_INIT;
  askel_s4_key new_key = key_of(other_path);
  options.new_key = &new_key;
  options.progress = progress;
  MUST("rotate_key", askel_s4_vault_rotate_key(instance, &options, &error));
}

static void rotate(void) {
  askel_s4_instance *instance;
  if (!askel_s4_vault_rotate_key) exit(UNABLE);
  instance = open_vault();
  acknowledge("ready", "-", 0);
  rotate_key(instance, on_progress);
  acknowledge("rotated", "-", 0);
  askel_s4_instance_close(instance);
}
#else
static void stage_for_ever(long value, const char *line_file) {
  (void)value, (void)line_file;
  exit(UNABLE);
}

static void rotate(void) { exit(UNABLE); }
#endif

/* ---- many at once ---- */

typedef struct worker {
  pthread_t thread;
  const askel_s4_instance *instance;
  int process, number, rotates;
  unsigned seed;
  double until, slowest;
  long calls, shared_puts[SHARED], own_puts;
  /* A new connection's generation lies above that of every connection that was deleted. */
  long own_before;
} worker;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must_get_own(worker *w, const char *id, long number) {
  char *json = NULL, *generation;
  values v = values_of(id, number, w->own_puts);
  MUST("get", askel_s4_connection_get(w->instance, id, &json, &error));
  generation = strstr(json, "\"generation\":");
  if (w->own_puts == 1 && generation) w->own_before = strtol(generation + 13, NULL, 10) - 1;
  if (!describes(json, &v, w->own_before + w->own_puts)) fail("wrong after put %ld: %s", w->own_puts, json);
  askel_s4_string_free(json);
}

/* Values of a shared connection say who put them; all parts must be from the same put. */
static void must_get_whole(const worker *w, const char *id) {
  char *json = NULL, *client, *scope;
  MUST("get", askel_s4_connection_get(w->instance, id, &json, &error));
  client = strstr(json, "\"client_id\":\"client-");
  scope = strstr(json, "\"scope\":\"s-");
  if (!client || !scope || strtol(client + 20, NULL, 10) != strtol(scope + 11, NULL, 10)) fail("wrong get: %s", json);
  askel_s4_string_free(json);
}

static void work_once(worker *w) {
  char shared[32], own[64], gone[64];
  char *json = NULL;
  int which = rand_r(&w->seed) % SHARED, dice = rand_r(&w->seed) % 100;
  long me = w->process * 100 + w->number;
  sprintf(shared, "shared-%d", which);
  sprintf(own, "own-%d-%d", w->process, w->number);
  sprintf(gone, "gone-%d-%d", w->process, w->number);
  if (dice < 25) {
    must_put(w->instance, shared, me, me);
    w->shared_puts[which]++;
  } else if (dice < 40 || !w->own_puts) {
    must_put(w->instance, own, me, ++w->own_puts);
    must_get_own(w, own, me);
  } else if (dice < 70) {
    must_get_whole(w, shared);
    must_get_own(w, own, me);
  } else if (dice < 93) {
    MUST("client_open", open_client(w->instance, shared, &error));
  } else if (dice < 96) {
    MUST("list", askel_s4_connection_list(w->instance, &json, &error));
    if (!strstr(json, "\"id\":\"shared-0\"") || !strstr(json, own)) fail("wrong list: %s", json);
    askel_s4_string_free(json);
  } else {
    must_put(w->instance, gone, me, 1);
#ifdef HAS_ROTATION
    MUST("delete", askel_s4_connection_delete(w->instance, gone, NULL, &error));
#else
    MUST("delete", askel_s4_connection_delete(w->instance, gone, &error));
#endif
    if (askel_s4_connection_get(w->instance, gone, &json, NULL) != ASKEL_S4_NOT_FOUND) fail("wrong: %s is there", gone);
  }
}

static void *work(void *argument) {
  worker *w = argument;
  double began = now(), half = (began + w->until) / 2;
  while (now() < w->until) {
#ifdef HAS_ROTATION
    if (w->rotates && now() > half) {
      rotate_key(w->instance, NULL);
      acknowledge("rotated", "-", 0);
      w->rotates = 0;
    }
#endif
    double start = now();
    work_once(w);
    w->calls++;
    if (now() - start > w->slowest) w->slowest = now() - start;
  }
  (void)half;
  return NULL;
}

static void crowd(double seconds, int threads, int process, unsigned seed, int rotates) {
  askel_s4_instance *instance = open_vault();
  worker workers[32];
  long puts[SHARED] = {0}, calls = 0;
  double slowest = 0, until = now() + seconds;
  if (threads > 32) threads = 32;
#ifdef HAS_ROTATION
  if (rotates && !askel_s4_vault_rotate_key) exit(UNABLE);
#else
  if (rotates) exit(UNABLE);
#endif
  for (int i = 0; i < threads; i++) {
    worker w = {.instance = instance, .process = process, .number = i, .seed = seed + (unsigned)i, .until = until};
    w.rotates = rotates && process == 0 && i == 0;
    workers[i] = w;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) fail("wrong: no thread");
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    for (int j = 0; j < SHARED; j++) puts[j] += workers[i].shared_puts[j];
    calls += workers[i].calls;
    if (workers[i].slowest > slowest) slowest = workers[i].slowest;
    char own[64];
    sprintf(own, "own-%d-%d", process, i);
    acknowledge("puts", own, workers[i].own_before + workers[i].own_puts);
  }
  for (int j = 0; j < SHARED; j++) {
    char shared[32];
    sprintf(shared, "shared-%d", j);
    acknowledge("puts", shared, puts[j]);
  }
  acknowledge("calls", "-", calls);
  acknowledge("slowest_ms", "-", (long)(slowest * 1e3));
  askel_s4_instance_close(instance);
}

/* ---- damaged ---- */

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

static void copy(const char *to) {
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

static void damage_copies(char **arguments) {
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

/* ---- */

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
