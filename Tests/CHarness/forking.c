/* SPDX-License-Identifier: Apache-2.0
 *
 * fork() while threads put, stage, read and rotate: what parent and child were told is stored, is stored. A program of
 * its own, because SQLite's own locks must not be in other hands at the fork (the header says so).
 */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"

int checks, failures;

static askel_s4_instance *parent;
static volatile int over;
static int commits, rotations;
/* Of the credential beside the live one of "staged": its number; 0 after it was retired. */
static int staged;
static uint8_t second_key[32];

static askel_s4_connection_options named(const char *id, const char *user) {
  askel_s4_connection_options o = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  o.id = id;
  o.host = "my300000-api.s4hana.cloud.sap";
  o.auth = ASKEL_S4_AUTH_BASIC;
  o.user = user;
  o.password = "a password";
  return o;
}

/** Whether a write was acknowledged; says why not. */
static int stored(const char *what, askel_s4_status status, askel_s4_error *error) {
  if (status != ASKEL_S4_OK) fprintf(stderr, "%s: %d %s\n", what, (int)status, askel_s4_error_message(error));
  askel_s4_error_free(error);
  return status == ASKEL_S4_OK;
}

/** Stores a connection under an id; nothing is sent. */
static int put(const askel_s4_instance *instance, const char *id) {
  askel_s4_connection_options o = named(id, "USER");
  askel_s4_error *error = NULL;
  const askel_s4_status status = askel_s4_connection_put(instance, &o, &error);
  return stored(id, status, error);
}

/** Stages a user with a number. */
static int stage(const askel_s4_instance *instance, const char *id, int number) {
  char user[32];
  askel_s4_connection_options o;
  askel_s4_error *error = NULL;
  askel_s4_status status;
  snprintf(user, sizeof user, "STAGED%dEND", number);
  o = named(id, user);
  status = askel_s4_connection_stage(instance, &o, &error);
  return stored(user, status, error);
}

/* Under valgrind all threads share one processor, and a commit takes twenty times as long: so do the rests. */
static long pace = 1;

static void rest(long milliseconds) {
  const struct timespec pause = {0, milliseconds * pace * 1000000};
  nanosleep(&pause, NULL);
}

static void *write_on(void *unused) {
  (void)unused;
  while (!over) {
    char id[32];
    snprintf(id, sizeof id, "parent %d", commits);
    if (!put(parent, id)) return "a put failed";
    commits++;
    /* Time for the children: SQLite's lock goes to whoever asks at the right moment. */
    rest(3);
  }
  return NULL;
}

static void *stage_on(void *unused) {
  int number = 0;
  (void)unused;
  while (!over) {
    if (!stage(parent, "staged", ++number)) return "a stage failed";
    staged = number;
    if (number % 3 == 0) {
      askel_s4_error *error = NULL;
      const askel_s4_status status = askel_s4_connection_retire(parent, "staged", NULL, &error);
      if (!stored("retire", status, error)) return "a retire failed";
      staged = 0;
    }
    rest(5);
  }
  return NULL;
}

static void *read_on(void *unused) {
  askel_s4_client_options options = ASKEL_S4_CLIENT_OPTIONS_INIT;
  (void)unused;
  options.connection = "staged";
  while (!over) {
    char *json = NULL;
    askel_s4_client *client = NULL;
    askel_s4_error *error = NULL;
    askel_s4_status status = askel_s4_connection_list(parent, &json, &error);
    if (!stored("list", status, error)) return "a list failed";
    askel_s4_string_free(json);
    error = NULL;
    status = askel_s4_client_open(parent, &options, &client, &error);
    if (!stored("open", status, error)) return "a client did not open";
    askel_s4_client_free(client);
    rest(1);
  }
  return NULL;
}

static askel_s4_key second(void) {
  askel_s4_key key = ASKEL_S4_KEY_INIT;
  key.kind = ASKEL_S4_KEY_BYTES;
  key.bytes = second_key;
  key.size = sizeof second_key;
  return key;
}

/** Rotates to the second key and back to that of the file, for ever. */
static void *rotate_on(void *p) {
  askel_s4_key first = ASKEL_S4_KEY_INIT, other = second();
  first.file = ((const place *)p)->key;
  while (!over) {
    askel_s4_rotate_options options = ASKEL_S4_ROTATE_OPTIONS_INIT;
    options.new_key = rotations % 2 ? &first : &other;
    askel_s4_error *error = NULL;
    const askel_s4_status status = askel_s4_vault_rotate_key(parent, &options, &error);
    if (!stored("rotate", status, error)) return "a rotation failed";
    rotations++;
    rest(30);
  }
  return NULL;
}

static askel_s4_instance *open_with_both_keys(const place *p) {
  askel_s4_instance_options options = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  askel_s4_key other = second();
  askel_s4_instance *instance = NULL;
  options.vault_path = p->vault;
  options.key_file = p->key;
  options.other_key = &other;
  NEED(askel_s4_instance_open(&options, &instance, &error));
  return instance;
}

/** The child's life: the parent's handle answers FORKED, a new instance on the same vault works. */
static void live(const place *p, int round, int puts) {
  askel_s4_instance *own;
  char *json = NULL, id[32];
  int i;
  alarm(60);
  if (askel_s4_connection_list(parent, &json, NULL) != ASKEL_S4_FORKED) _exit(1);
  own = open_with_both_keys(p);
  for (i = 0; i < puts; i++) {
    snprintf(id, sizeof id, "child %d-%d", round, i);
    if (!put(own, id)) _exit(2);
  }
  if (!stage(own, id, 1000000 + round)) _exit(4);
  /* exec, not exit: what the child leaves of the parent's objects is no leak for valgrind to count. */
  execl("/bin/true", "true", (char *)NULL);
  _exit(3);
}

/** A child that goes on writing after its parent has closed the vault: whoever closes it as the last one removes the
 *  log, and a child that inherited SQLite's table of open files would be nobody to its parent. */
static void outlive(const place *p, int puts) {
  int to_child[2], to_parent[2], status = 0, i;
  char byte = 0, id[32];
  pid_t child;
  if (pipe(to_child) != 0 || pipe(to_parent) != 0) exit(2);
  child = fork();
  if (child == 0) {
    askel_s4_instance *own;
    alarm(60);
    own = open_with_both_keys(p);
    if (!put(own, "outliving")) _exit(1);
    if (write(to_parent[1], &byte, 1) != 1 || read(to_child[0], &byte, 1) != 1) _exit(2);
    for (i = 0; i < puts; i++) {
      snprintf(id, sizeof id, "outliving %d", i);
      if (!put(own, id)) _exit(3);
    }
    execl("/bin/true", "true", (char *)NULL);
    _exit(4);
  }
  CHECK("the child has the vault open", read(to_parent[0], &byte, 1) == 1);
  askel_s4_instance_close(parent);
  CHECK("the child goes on", write(to_child[1], &byte, 1) == 1);
  CHECK("it came to its end", waitpid(child, &status, 0) == child && status == 0);
  close(to_child[0]), close(to_child[1]), close(to_parent[0]), close(to_parent[1]);
  parent = open_with_both_keys(p);
}

int main(int argc, char **argv) {
  void *(*const works[])(void *) = {write_on, stage_on, read_on, rotate_on};
  enum { WORKS = sizeof works / sizeof works[0] };
  int rounds = argc > 1 && strcmp(argv[1], "quick") == 0 ? 3 : 20, puts = 10, i;
  pthread_t threads[WORKS];
  char *json = NULL, text[64];
  place p;
  if (rounds == 3) pace = 20;
  memset(second_key, 7, sizeof second_key);
  place_make(&p);
  parent = place_open(&p);
  CHECK("a connection to stage at", put(parent, "staged"));
  for (i = 0; i < WORKS; i++) pthread_create(&threads[i], NULL, works[i], &p);
  for (i = 0; i < rounds; i++) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) live(&p, i, puts);
    CHECK("a child came to its end", child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
  over = 1;
  for (i = 0; i < WORKS; i++) {
    void *trouble = NULL;
    pthread_join(threads[i], &trouble);
    if (trouble) fprintf(stderr, "%s\n", (char *)trouble);
    CHECK("the parent's work all went through", trouble == NULL);
  }
  CHECK("keys were rotated meanwhile", rotations > 0);
  outlive(&p, puts);
  NEED(askel_s4_connection_list(parent, &json, &error));
  for (i = 0; i < commits; i++) {
    snprintf(text, sizeof text, "\"id\":\"parent %d\"", i);
    CHECK("an acknowledged write of the parent is there", strstr(json, text) != NULL);
  }
  for (i = 0; i < rounds * puts; i++) {
    snprintf(text, sizeof text, "\"id\":\"child %d-%d\"", i / puts, i % puts);
    CHECK("an acknowledged write of a child is there", strstr(json, text) != NULL);
  }
  for (i = 0; i < puts; i++) {
    snprintf(text, sizeof text, "\"id\":\"outliving %d\"", i);
    CHECK("an acknowledged write of a child that outlives its parent's instance is there", strstr(json, text) != NULL);
  }
  for (i = 0; i < rounds; i++) {
    snprintf(text, sizeof text, "STAGED%dEND", 1000000 + i);
    CHECK("what a child staged is there", strstr(json, text) != NULL);
  }
  askel_s4_string_free(json);
  NEED(askel_s4_connection_get(parent, "staged", &json, &error));
  snprintf(text, sizeof text, "STAGED%dEND", staged);
  CHECK("what the parent staged or retired last stands so", (strstr(json, text) != NULL) == (staged != 0));
  CHECK("nothing else is staged", staged != 0 || strstr(json, "\"beside\":null") != NULL);
  askel_s4_string_free(json);
  /* The last key opens it, and every record proves genuine. */
  NEED(askel_s4_vault_check(parent, &error));
  askel_s4_instance_close(parent);
  place_remove(&p);
  return harness_end("forking");
}
