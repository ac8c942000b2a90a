/* SPDX-License-Identifier: Apache-2.0
 *
 * vault_work: work without an end, for a process that is killed at any moment.
 */
#define _XOPEN_SOURCE 700
#include "vault_work.h"

void write_for_ever(long value) {
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
enum { EXCHANGES = 30 };

static char *member_of(const char *line, const char *name) {
  char pattern[64];
  const char *at;
  snprintf(pattern, sizeof pattern, "\"%s\": \"", name);
  at = strstr(line, pattern);
  if (!at) fail("wrong line of the sandbox: no %s", name);
  at += strlen(pattern);
  return strndup(at, strcspn(at, "\""));
}

void stage_for_ever(long value, const char *line_file) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  askel_s4_check_options live = ASKEL_S4_CHECK_OPTIONS_INIT, beside = ASKEL_S4_CHECK_OPTIONS_INIT;
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
  MUST("check", askel_s4_connection_check_wait(instance, options.id, &live, &json, &error));
  askel_s4_string_free(json);
  for (value++;; value++) {
    snprintf(scope, sizeof scope, "s-0-%ld", value);
    MUST("stage", askel_s4_connection_stage(instance, &options, &error));
    acknowledge("stage", options.id, value);
    MUST("check", askel_s4_connection_check_wait(instance, options.id, &beside, &json, &error));
    askel_s4_string_free(json);
    /* There and back again: a check takes longer than many commits, and the kill is to meet these. */
    for (int i = 0; i <= 2 * EXCHANGES; i++) {
      MUST("promote", askel_s4_connection_promote(instance, options.id, NULL, &error));
      acknowledge("promote", options.id, value - i % 2);
    }
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

void rotate_key(const askel_s4_instance *instance, askel_s4_progress_fn progress) {
  askel_s4_rotate_options options = ASKEL_S4_ROTATE_OPTIONS_INIT;
  askel_s4_key new_key = key_of(other_path);
  options.new_key = &new_key;
  options.progress = progress;
  MUST("rotate_key", askel_s4_vault_rotate_key(instance, &options, &error));
}

void rotate(void) {
  askel_s4_instance *instance;
  if (!askel_s4_vault_rotate_key) exit(UNABLE);
  instance = open_vault();
  acknowledge("ready", "-", 0);
  rotate_key(instance, on_progress);
  acknowledge("rotated", "-", 0);
  askel_s4_instance_close(instance);
}

void rekey(void) {
  askel_s4_rotate_options options = ASKEL_S4_ROTATE_OPTIONS_INIT;
  askel_s4_instance *instance = open_vault();
  options.progress = on_progress;
  acknowledge("ready", "-", 0);
  MUST("rekey", askel_s4_vault_rekey(instance, &options, &error));
  acknowledge("rekeyed", "-", 0);
  MUST("check", askel_s4_vault_check(instance, &error));
  askel_s4_instance_close(instance);
}
#else
void stage_for_ever(long value, const char *line_file) {
  (void)value, (void)line_file;
  exit(UNABLE);
}

void rotate(void) { exit(UNABLE); }

void rekey(void) { exit(UNABLE); }
#endif
