/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaving the process, with and without close: neither a crash nor a hang, whatever runs and whatever exit handlers
 * still do. With slow_names.c preloaded, and SLOW_NAMES_MS in the environment, also while names are looked up. With
 * ASKEL_S4_SOAK in the environment each way is gone a thousand times.
 *
 *   leaving SANDBOX_LINE_FILE
 */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"

int checks = 0;
int failures = 0;

static tenant sandbox;
static askel_s4_instance *instance;
static askel_s4_client *client;
static askel_s4_call *call;
static pthread_t workers[4];

/** Registered before the library is used, so it runs after the library's and OpenSSL's exit handlers. */
static void use_after_exit(void) {
  char *json = NULL;
  if (askel_s4_connection_get(instance, "nordvik", &json, NULL) == ASKEL_S4_OK) askel_s4_string_free(json);
}

/** A call that ran when the process left is ended, and one that is started afterwards ends too. */
static void wait_after_exit(void) {
  char *json = NULL;
  if (askel_s4_call_wait(call, -1, NULL) != ASKEL_S4_OK) _exit(10);
  if (askel_s4_call_take_text(call, &json, NULL) != ASKEL_S4_CLOSED) _exit(11);
  askel_s4_call_free(call);
  if (askel_s4_connection_check(instance, "nordvik", NULL, &call, NULL) == ASKEL_S4_OK) {
    if (askel_s4_call_wait(call, -1, NULL) != ASKEL_S4_OK) _exit(12);
    askel_s4_call_free(call);
  }
}

static void *read_all(void *argument) {
  for (;;) {
    askel_s4_sales_order_options options = ASKEL_S4_SALES_ORDER_OPTIONS_INIT;
    askel_s4_cursor *cursor = NULL;
    int32_t has_page = 1;
    options.page_size = 50;
    if (askel_s4_sales_order_read(client, &options, &cursor, NULL) != ASKEL_S4_OK) return argument;
    while (has_page) {
      if (askel_s4_cursor_next_wait(cursor, &has_page, NULL) != ASKEL_S4_OK) {
        askel_s4_cursor_free(cursor);
        return argument;
      }
    }
    askel_s4_cursor_free(cursor);
  }
}

/** What the destructor of a thread pool does. */
static void join_workers(void) {
  int i;
  for (i = 0; i < 4; i++) pthread_join(workers[i], NULL);
}

/** Calls that wait: for a server that says nothing, and for names that are slow to look up. */
static void start_waiting(void) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  askel_s4_call *waiting;
  char host[32], token_url[64];
  int i;
  silent_put(instance, "silent");
  NEED(askel_s4_connection_check(instance, "silent", NULL, &waiting, &error));
  for (i = 0; i < 6 && getenv("SLOW_NAMES_MS") != NULL; i++) {
    /* Two below one parent, so that all three threads have something to do. */
    snprintf(host, sizeof host, "h%d.z%d.slow.test", i, i / 2);
    snprintf(token_url, sizeof token_url, "https://%s/oauth/token", host);
    options.id = options.allow_host = options.host = host;
    options.token_url = token_url;
    options.client_id = options.client_secret = "x";
    NEED(askel_s4_connection_put(instance, &options, &error));
    NEED(askel_s4_connection_check(instance, host, NULL, &waiting, &error));
  }
}

static void leave(const place *p, int way, long ms) {
  struct timespec time;
  char *json = NULL;
  int i;
  if (way == 0) atexit(use_after_exit);
  if (way == 1) atexit(wait_after_exit);
  if (way == 2) atexit(join_workers);
  instance = place_open(p);
  tenant_put(&sandbox, instance, "nordvik");
  if (way == 0) exit(0);
  if (way == 1) {
    silent_put(instance, "silent");
    NEED(askel_s4_connection_check(instance, "silent", NULL, &call, &error));
    exit(0);
  }
  time.tv_sec = 0;
  time.tv_nsec = ms * 1000000L;
  if (way == 5 || way == 6) {
    start_waiting();
    nanosleep(&time, NULL);
    if (way == 6) askel_s4_instance_close(instance);
    exit(0);
  }
  /* The library's exit handler comes with the first request: without it, threads would simply read on. */
  NEED(askel_s4_connection_check_wait(instance, "nordvik", NULL, &json, &error));
  askel_s4_string_free(json);
  client = client_of(instance, "nordvik");
  for (i = 0; i < 4; i++) pthread_create(&workers[i], NULL, read_all, NULL);
  nanosleep(&time, NULL);
  if (way == 4) askel_s4_instance_close(instance);
  exit(0);
}

static void test_leaving(const place *p, const char *what, int way, int times) {
  int i;
  for (i = 0; i < times; i++) {
    int status = 0;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
      alarm(20);
      leave(p, way, i * 5 % 120);
    }
    CHECK(what, child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

int main(int argc, char **argv) {
  place p;
  const int soak = getenv("ASKEL_S4_SOAK") != NULL;
  if (argc < 2) {
    fprintf(stderr, "usage: leaving SANDBOX_LINE_FILE\n");
    return 2;
  }
  tenant_read(&sandbox, argv[1]);
  place_make(&p);
  test_leaving(&p, "an exit handler uses the instance", 0, 1);
  test_leaving(&p, "an exit handler waits for calls", 1, 1);
  test_leaving(&p, "an exit handler joins threads that read", 2, 20);
  test_leaving(&p, "threads read while the process leaves", 3, soak ? 1000 : 40);
  test_leaving(&p, "threads read while the instance is closed", 4, soak ? 1000 : 20);
  test_leaving(&p, "calls wait while the process leaves", 5, soak ? 1000 : 20);
  test_leaving(&p, "calls wait while the instance is closed", 6, soak ? 1000 : 20);
  place_remove(&p);
  return harness_end("leaving");
}
