/* SPDX-License-Identifier: Apache-2.0
 *
 * vault_work: one process of many at one vault, with several threads.
 */
#define _XOPEN_SOURCE 700
#include "vault_work.h"

#include <pthread.h>

/* What the audit trail must tell of in the end. */
enum { PUT, DELETE, STAGE, RETIRE, PROMOTE, ACTIONS };
static const char *const actions[ACTIONS] = {"put", "delete", "stage", "retire", "promote"};

typedef struct worker {
  pthread_t thread;
  const askel_s4_instance *instance;
  int process, number, rotates, has_proven;
  unsigned seed;
  double until, slowest;
  long calls, shared_puts[SHARED], own_puts, done[ACTIONS];
  /* A new connection's generation lies above that of every connection that was deleted. */
  long own_before;
} worker;

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

#ifdef HAS_ROTATION
/* A second credential comes to stand beside a first one and goes again. */
static void stage_once(worker *w, long me) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  char id[64], *json = NULL;
  sprintf(id, "second-%d-%d", w->process, w->number);
  must_put(w->instance, id, me, 1);
  options.id = id;
  options.client_secret = "the second secret";
  MUST("stage", askel_s4_connection_stage(w->instance, &options, &error));
  MUST("get", askel_s4_connection_get(w->instance, id, &json, &error));
  if (!strstr(json, "\"beside\":{\"role\":\"staged\"")) fail("wrong: not staged: %s", json);
  askel_s4_string_free(json);
  MUST("retire", askel_s4_connection_retire(w->instance, id, NULL, &error));
  MUST("get", askel_s4_connection_get(w->instance, id, &json, &error));
  if (!strstr(json, "\"beside\":null")) fail("wrong: not retired: %s", json);
  askel_s4_string_free(json);
  w->done[PUT]++, w->done[STAGE]++, w->done[RETIRE]++;
}
#endif

static void work_once(worker *w) {
  char shared[32], own[64], gone[64];
  char *json = NULL;
  int which = rand_r(&w->seed) % SHARED, dice = rand_r(&w->seed) % 100;
  long me = w->process * 100 + w->number;
  sprintf(shared, "shared-%d", which);
  sprintf(own, "own-%d-%d", w->process, w->number);
  sprintf(gone, "gone-%d-%d", w->process, w->number);
#ifdef HAS_ROTATION
  if (dice < 4) {
    stage_once(w, me);
    return;
  }
  /* Both of its credentials are proven: each promotion lets them change places, whoever else does so. */
  if (dice < 8 && w->has_proven) {
    MUST("promote", askel_s4_connection_promote(w->instance, "proven", NULL, &error));
    w->done[PROMOTE]++;
    return;
  }
#endif
  if (dice < 25) {
    must_put(w->instance, shared, me, me);
    w->shared_puts[which]++;
    w->done[PUT]++;
  } else if (dice < 40 || !w->own_puts) {
    must_put(w->instance, own, me, ++w->own_puts);
    w->done[PUT]++;
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
    w->done[PUT]++, w->done[DELETE]++;
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

void crowd(double seconds, int threads, int process, unsigned seed, int rotates) {
  askel_s4_instance *instance;
  worker workers[32];
  long puts[SHARED] = {0}, done[ACTIONS] = {0}, calls = 0;
  int has_proven;
  char *json = NULL;
  double slowest = 0, until = now() + seconds;
  if (threads > 32) threads = 32;
#ifdef HAS_ROTATION
  if (rotates && !askel_s4_vault_rotate_key) exit(UNABLE);
#else
  if (rotates) exit(UNABLE);
#endif
  instance = open_vault();
  has_proven = askel_s4_connection_get(instance, "proven", &json, NULL) == ASKEL_S4_OK;
  askel_s4_string_free(json);
  for (int i = 0; i < threads; i++) {
    worker w = {.instance = instance, .process = process, .number = i, .seed = seed + (unsigned)i, .until = until, .has_proven = has_proven};
    w.rotates = rotates && process == 0 && i == 0;
    workers[i] = w;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) fail("wrong: no thread");
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    for (int j = 0; j < SHARED; j++) puts[j] += workers[i].shared_puts[j];
    for (int j = 0; j < ACTIONS; j++) done[j] += workers[i].done[j];
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
  for (int j = 0; j < ACTIONS; j++) acknowledge("done", actions[j], done[j]);
  acknowledge("calls", "-", calls);
  acknowledge("slowest_ms", "-", (long)(slowest * 1e3));
  askel_s4_instance_close(instance);
}
