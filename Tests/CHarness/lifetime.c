/* SPDX-License-Identifier: Apache-2.0
 *
 * Lifetimes: objects freed in any order, closing and cancelling while calls run, fork, one object used twice.
 *
 *   lifetime SANDBOX_LINE_FILE [quick]
 *
 * "quick" does each thing fewer times: for valgrind.
 */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"

int checks = 0;
int failures = 0;

static tenant sandbox;

static void pause_ms(long ms) {
  struct timespec time;
  time.tv_sec = ms / 1000;
  time.tv_nsec = ms % 1000 * 1000000L;
  nanosleep(&time, NULL);
}

static askel_s4_cursor *read_few(const askel_s4_client *client) {
  askel_s4_read_options options = ASKEL_S4_READ_OPTIONS_INIT;
  askel_s4_cursor *cursor = NULL;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.select = "SalesOrder,TotalNetAmount";
  options.top = 20;
  options.page_size = 10;
  NEED(askel_s4_client_read(client, &options, &cursor, &error));
  return cursor;
}

static void need_page(askel_s4_cursor *cursor) {
  int32_t has_page = 0;
  NEED(askel_s4_cursor_next_wait(cursor, &has_page, &error));
  CHECK("a page came", has_page == 1 && askel_s4_cursor_row_count(cursor) > 0);
}

/** Frees instance, client, cursor and a running call in each of their 24 orders (or in every `step`th). */
static void test_any_order(const place *p, int step) {
  int order;
  for (order = 0; order < 24; order += step) {
    askel_s4_instance *instance = place_open(p);
    askel_s4_client *client;
    askel_s4_cursor *cursor;
    askel_s4_call *call = NULL;
    int left[4] = {0, 1, 2, 3}, count, code = order;
    tenant_put(&sandbox, instance, "nordvik");
    client = client_of(instance, "nordvik");
    cursor = read_few(client);
    need_page(cursor);
    NEED(askel_s4_cursor_next(cursor, &call, &error));
    for (count = 4; count > 0; count--) {
      int pick = code % count, which = left[pick];
      code /= count;
      left[pick] = left[count - 1];
      if (which == 0) askel_s4_instance_close(instance);
      if (which == 1) askel_s4_client_free(client);
      if (which == 2) askel_s4_cursor_free(cursor);
      if (which == 3) askel_s4_call_free(call);
    }
    CHECK("freed", 1);
  }
}

/** Closes the instance under calls that run, and uses what is left. */
static void test_close_in_flight(const place *p) {
  askel_s4_instance *instance = place_open(p);
  int listener = silent_put(instance, "silent");
  askel_s4_client *client = client_of(instance, "silent");
  askel_s4_cursor *cursor = read_few(client), *other = NULL;
  askel_s4_call *check = NULL, *page = NULL, *none = NULL;
  askel_s4_client *second = NULL;
  askel_s4_read_options options = ASKEL_S4_READ_OPTIONS_INIT;
  char *json = NULL;
  int32_t has_page = 0;
  NEED(askel_s4_connection_check(instance, "silent", NULL, &check, &error));
  NEED(askel_s4_cursor_next(cursor, &page, &error));
  pause_ms(50);
  askel_s4_instance_close(instance);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(check, -1, &error));
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(page, -1, &error));
  EXPECT(ASKEL_S4_CLOSED, NULL, askel_s4_call_take_text(check, &json, &error));
  EXPECT(ASKEL_S4_CLOSED, NULL, askel_s4_call_take_page(page, &has_page, &error));
  EXPECT(ASKEL_S4_CLOSED, NULL, askel_s4_cursor_next(cursor, &none, &error));
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  EXPECT(ASKEL_S4_CLOSED, NULL, askel_s4_client_read(client, &options, &other, &error));
  EXPECT(ASKEL_S4_CLOSED, NULL, askel_s4_sales_order_read(client, NULL, &other, &error));
  CHECK("nothing came", !json && !has_page && !none && !other && !second);
  askel_s4_call_free(check);
  askel_s4_call_free(page);
  askel_s4_cursor_free(cursor);
  askel_s4_client_free(client);
  close(listener);
}

static void *cancel_later(void *call) {
  pause_ms(100);
  askel_s4_call_cancel(call);
  askel_s4_call_cancel(call);
  return NULL;
}

static void *close_later(void *instance) {
  pause_ms(100);
  askel_s4_instance_close(instance);
  return NULL;
}

/** Ends a call, and then an instance, from another thread while this one waits. */
static void test_other_thread(const place *p) {
  askel_s4_instance *instance = place_open(p);
  int listener = silent_put(instance, "silent");
  askel_s4_call *call = NULL;
  char *json = NULL;
  pthread_t thread;
  struct pollfd ready;
  NEED(askel_s4_connection_check(instance, "silent", NULL, &call, &error));
  ready.fd = askel_s4_call_fd(call);
  ready.events = POLLIN;
  CHECK("not readable while it runs", poll(&ready, 1, 0) == 0);
  pthread_create(&thread, NULL, cancel_later, call);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(call, -1, &error));
  CHECK("readable when done", poll(&ready, 1, 0) == 1);
  EXPECT(ASKEL_S4_CANCELLED, NULL, askel_s4_call_take_text(call, &json, &error));
  CHECK("and stays readable", poll(&ready, 1, 0) == 1);
  pthread_join(thread, NULL);
  askel_s4_call_free(call);

  NEED(askel_s4_connection_check(instance, "silent", NULL, &call, &error));
  pthread_create(&thread, NULL, close_later, instance);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(call, -1, &error));
  pthread_join(thread, NULL);
  EXPECT(ASKEL_S4_CLOSED, NULL, askel_s4_call_take_text(call, &json, &error));
  askel_s4_call_free(call);
  close(listener);
}

/** In the child, objects of the parent answer FORKED; in the parent they go on. */
static void test_fork(const place *p) {
  askel_s4_instance *instance = place_open(p);
  askel_s4_client *client;
  askel_s4_cursor *cursor;
  askel_s4_call *call = NULL;
  int status = 0;
  int32_t has_page = 0;
  pid_t child;
  tenant_put(&sandbox, instance, "nordvik");
  client = client_of(instance, "nordvik");
  cursor = read_few(client);
  need_page(cursor);
  NEED(askel_s4_cursor_next(cursor, &call, &error));
  fflush(NULL);
  child = fork();
  if (child == 0) {
    char *json = NULL;
    askel_s4_cursor *other = NULL;
    askel_s4_call *none = NULL;
    askel_s4_view view;
    failures = 0;
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_instance_status(instance, &json, &error));
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_connection_get(instance, "nordvik", &json, &error));
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_connection_check(instance, "nordvik", NULL, &none, &error));
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_sales_order_read(client, NULL, &other, &error));
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_cursor_row(cursor, 0, &view, &error));
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_call_wait(call, 0, &error));
    EXPECT(ASKEL_S4_FORKED, NULL, askel_s4_call_take_page(call, &has_page, &error));
    CHECK("no descriptor of the call", askel_s4_call_fd(call) == -1);
    CHECK("no descriptor of the events", askel_s4_instance_event_fd(instance) == -1);
    askel_s4_call_cancel(call);
    askel_s4_call_free(call);
    askel_s4_cursor_free(cursor);
    askel_s4_client_free(client);
    askel_s4_instance_close(instance);
    /* A new instance in the child works, on the same vault. */
    instance = place_open(p);
    NEED(askel_s4_connection_check_wait(instance, "nordvik", NULL, &json, &error));
    askel_s4_string_free(json);
    askel_s4_instance_close(instance);
    /* exec, not exit: what the child leaves of the parent's objects is no leak for valgrind to count. */
    if (failures == 0) execl("/bin/true", "true", (char *)NULL);
    _exit(1);
  }
  CHECK("the child held", child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  NEED(askel_s4_call_wait(call, -1, &error));
  NEED(askel_s4_call_take_page(call, &has_page, &error));
  CHECK("the parent's read goes on", has_page == 1);
  askel_s4_call_free(call);
  askel_s4_cursor_free(cursor);
  askel_s4_client_free(client);
  askel_s4_instance_close(instance);
}

/** One object used twice, and a connection deleted under its client. */
static void test_twice(const place *p) {
  askel_s4_instance *instance = place_open(p);
  askel_s4_client *client;
  askel_s4_cursor *cursor, *other;
  askel_s4_call *call = NULL, *second = NULL;
  askel_s4_view row;
  askel_s4_field field;
  int32_t has_page = 0;
  tenant_put(&sandbox, instance, "nordvik");
  client = client_of(instance, "nordvik");
  cursor = read_few(client);
  other = read_few(client);
  NEED(askel_s4_cursor_next(cursor, &call, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, NULL, askel_s4_cursor_next(cursor, &second, &error));
  NEED(askel_s4_call_wait(call, -1, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, NULL, askel_s4_cursor_next(cursor, &second, &error));
  NEED(askel_s4_call_take_page(call, &has_page, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_page(call, &has_page, &error));
  NEED(askel_s4_cursor_row(cursor, 0, &row, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "row", askel_s4_cursor_row(cursor, 10, &row, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "row", askel_s4_cursor_field(cursor, 10, "SalesOrder", &field, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "name", askel_s4_cursor_field(cursor, 0, NULL, &field, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "name", askel_s4_cursor_field(cursor, 0, "M\xfcller", &field, &error));
  askel_s4_call_free(call);
  need_page(other);
  need_page(cursor);
  NEED(askel_s4_cursor_next_wait(cursor, &has_page, &error));
  CHECK("two pages and no more", has_page == 0);
  NEED(askel_s4_cursor_next_wait(cursor, &has_page, &error));
  CHECK("the end stays the end", has_page == 0);
  NEED(askel_s4_connection_delete(instance, "nordvik", NULL, &error));
  EXPECT(ASKEL_S4_NOT_FOUND, NULL, askel_s4_cursor_next_wait(other, &has_page, &error));
  askel_s4_cursor_free(cursor);
  askel_s4_cursor_free(other);
  askel_s4_client_free(client);
  askel_s4_instance_close(instance);
}

static void *read_in_thread(void *instance) {
  askel_s4_client *client = client_of(instance, "nordvik");
  askel_s4_cursor *cursor = read_few(client);
  int32_t has_page = 1;
  size_t rows = 0;
  while (has_page) {
    NEED(askel_s4_cursor_next_wait(cursor, &has_page, &error));
    if (has_page) rows += askel_s4_cursor_row_count(cursor);
  }
  askel_s4_client_free(client);
  askel_s4_cursor_free(cursor);
  return rows == 20 ? instance : NULL;
}

static void test_threads(const place *p, int count) {
  askel_s4_instance *instance = place_open(p);
  pthread_t threads[16];
  int i;
  tenant_put(&sandbox, instance, "nordvik");
  for (i = 0; i < count; i++) pthread_create(&threads[i], NULL, read_in_thread, instance);
  for (i = 0; i < count; i++) {
    void *result = NULL;
    pthread_join(threads[i], &result);
    CHECK("a thread read its rows", result == instance);
  }
  askel_s4_instance_close(instance);
}

static int open_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;
  while (directory && readdir(directory)) count++;
  if (directory) closedir(directory);
  return count;
}

static void test_no_descriptor_stays(const place *p, int times) {
  int before = 0, i;
  for (i = 0; i <= times; i++) {
    askel_s4_instance *instance = place_open(p);
    char *json = NULL;
    tenant_put(&sandbox, instance, "nordvik");
    NEED(askel_s4_connection_check_wait(instance, "nordvik", NULL, &json, &error));
    askel_s4_string_free(json);
    askel_s4_instance_close(instance);
    if (i == 0) before = open_descriptors();
  }
  CHECK("no descriptor stays", open_descriptors() == before);
}

int main(int argc, char **argv) {
  int quick = argc > 2 && strcmp(argv[2], "quick") == 0;
  place p;
  if (argc < 2) {
    fprintf(stderr, "usage: lifetime SANDBOX_LINE_FILE [quick]\n");
    return 2;
  }
  tenant_read(&sandbox, argv[1]);
  place_make(&p);
  test_any_order(&p, quick ? 5 : 1);
  test_close_in_flight(&p);
  test_other_thread(&p);
  test_fork(&p);
  test_twice(&p);
  test_threads(&p, quick ? 4 : 16);
  test_no_descriptor_stays(&p, quick ? 2 : 20);
  place_remove(&p);
  return harness_end("lifetime");
}
