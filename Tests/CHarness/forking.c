/* SPDX-License-Identifier: Apache-2.0
 *
 * fork() in the middle of writes: what parent and child were told is stored, is stored. A program of its own, because
 * SQLite's own locks must not be in other hands at the fork (the header says so).
 */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"

int checks, failures;

static askel_s4_instance *parent;
static volatile int over;
static int commits;

/** Stores a connection under an id; nothing is sent. */
static int put(const askel_s4_instance *instance, const char *id) {
  askel_s4_connection_options o = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  o.id = id;
  o.host = "my300000-api.s4hana.cloud.sap";
  o.auth = ASKEL_S4_AUTH_BASIC;
  o.user = "USER";
  o.password = "a password";
  return askel_s4_connection_put(instance, &o, NULL) == ASKEL_S4_OK;
}

static void *write_on(void *unused) {
  const struct timespec pause = {0, 3000000};
  (void)unused;
  while (!over) {
    char id[32];
    snprintf(id, sizeof id, "parent %d", commits);
    if (!put(parent, id)) return "a put failed";
    commits++;
    /* Time for the children: SQLite's lock goes to whoever asks at the right moment. */
    nanosleep(&pause, NULL);
  }
  return NULL;
}

/** The child's life: the parent's handle answers FORKED, a new instance on the same vault works. */
static void live(const place *p, int round, int puts) {
  askel_s4_instance *own;
  char *json = NULL;
  int i;
  alarm(60);
  if (askel_s4_connection_list(parent, &json, NULL) != ASKEL_S4_FORKED) _exit(1);
  own = place_open(p);
  for (i = 0; i < puts; i++) {
    char id[32];
    snprintf(id, sizeof id, "child %d-%d", round, i);
    if (!put(own, id)) _exit(2);
  }
  /* exec, not exit: what the child leaves of the parent's objects is no leak for valgrind to count. */
  execl("/bin/true", "true", (char *)NULL);
  _exit(3);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 && strcmp(argv[1], "quick") == 0 ? 3 : 20, puts = 10, i;
  pthread_t writer;
  void *trouble = NULL;
  char *json = NULL, id[40];
  place p;
  place_make(&p);
  parent = place_open(&p);
  pthread_create(&writer, NULL, write_on, NULL);
  for (i = 0; i < rounds; i++) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) live(&p, i, puts);
    CHECK("a child came to its end", child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
  over = 1;
  pthread_join(writer, &trouble);
  CHECK("the parent's writes all went through", trouble == NULL);
  NEED(askel_s4_connection_list(parent, &json, &error));
  for (i = 0; i < commits; i++) {
    snprintf(id, sizeof id, "\"id\":\"parent %d\"", i);
    CHECK("an acknowledged write of the parent is there", strstr(json, id) != NULL);
  }
  for (i = 0; i < rounds * puts; i++) {
    snprintf(id, sizeof id, "\"id\":\"child %d-%d\"", i / puts, i % puts);
    CHECK("an acknowledged write of a child is there", strstr(json, id) != NULL);
  }
  askel_s4_string_free(json);
  askel_s4_instance_close(parent);
  place_remove(&p);
  return harness_end("forking");
}
