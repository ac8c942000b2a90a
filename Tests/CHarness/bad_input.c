/* SPDX-License-Identifier: Apache-2.0
 *
 * Every function of the header with arguments that are wrong: each must answer with its code and name the argument.
 * Nothing is sent to any tenant.
 */
#define _XOPEN_SOURCE 700
#include "bad_input.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "harness.h"

int checks = 0;
int failures = 0;

static void write_file(const char *path, const char *data, size_t size, int mode) {
  int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);
  if (file < 0 || write(file, data, size) != (ssize_t)size || fchmod(file, (mode_t)mode) != 0) exit(2);
  close(file);
}

static void test_errors_and_text(void) {
  CHECK("code of NULL", askel_s4_error_code(NULL) == ASKEL_S4_INVALID_ARGUMENT);
  CHECK("message of NULL", askel_s4_error_message(NULL) != NULL);
  CHECK("sap_code of NULL", askel_s4_error_sap_code(NULL) != NULL);
  CHECK("target of NULL", askel_s4_error_target(NULL) != NULL);
  CHECK("details of NULL", strcmp(askel_s4_error_details(NULL), "[]") == 0);
  CHECK("request_id of NULL", askel_s4_error_request_id(NULL) != NULL);
  CHECK("http_status of NULL", askel_s4_error_http_status(NULL) == 0);
  CHECK("retry_after of NULL", askel_s4_error_retry_after_s(NULL) == -1);
  CHECK("outcome of NULL", askel_s4_error_outcome(NULL) == ASKEL_S4_OUTCOME_NOT_SENT);
  CHECK("retryable of NULL", askel_s4_error_retryable(NULL) == 0);
  askel_s4_error_free(NULL);
  askel_s4_string_free(NULL);
  CHECK("version", askel_s4_version()[0] >= '0' && askel_s4_version_number() >= ASKEL_S4_VERSION_NUMBER);
  CHECK("status text of NULL", !askel_s4_sales_order_status_text(NULL, "A"));
  CHECK("status text of NULL code", !askel_s4_sales_order_status_text("OverallSDProcessStatus", NULL));
  CHECK("status text of an unknown property", !askel_s4_sales_order_status_text("Colour", "A"));
  CHECK("status text of an unknown code", !askel_s4_sales_order_status_text("OverallSDProcessStatus", "Q"));
  CHECK("status text of no text", !askel_s4_sales_order_status_text(NOT_UTF8, NOT_UTF8));
  CHECK("status text", askel_s4_sales_order_status_text("OverallSDProcessStatus", "A") != NULL);
}

static void test_key_file(const place *p) {
  char path[400];
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "path", askel_s4_key_file_create(NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "path", askel_s4_key_file_create(NOT_UTF8, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "path", askel_s4_key_file_create("", &error));
  snprintf(path, sizeof path, "%s/none/key", p->directory);
  EXPECT(ASKEL_S4_VAULT_UNAVAILABLE, path, askel_s4_key_file_create(path, &error));
  EXPECT(ASKEL_S4_VAULT_UNAVAILABLE, p->key, askel_s4_key_file_create(p->key, &error));
  CHECK("without an error object", askel_s4_key_file_create(NULL, NULL) == ASKEL_S4_INVALID_ARGUMENT);
}

/** Opens with options of which one is wrong. */
#define OPEN(code, about, ...)                                                      \
  do {                                                                              \
    askel_s4_instance_options o = ASKEL_S4_INSTANCE_OPTIONS_INIT;                   \
    askel_s4_instance *opened = POISON;                                             \
    o.vault_path = p->vault;                                                        \
    o.key_file = p->key;                                                            \
    __VA_ARGS__;                                                                    \
    EXPECT((code), (about), askel_s4_instance_open(&o, &opened, &error));           \
    CHECK("the output is NULL", opened == NULL);                                    \
  } while (0)

static void test_instance_open(const place *p) {
  uint8_t key[32] = {0};
  char path[400];
  askel_s4_instance *out = POISON;
  askel_s4_instance_options options = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  struct {
    askel_s4_instance_options known;
    char tail[8];
  } longer = {ASKEL_S4_INSTANCE_OPTIONS_INIT, {0}};

  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_instance_open(NULL, &out, &error));
  CHECK("the output is NULL", out == NULL);
  options.vault_path = p->vault;
  options.key_file = p->key;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_instance", askel_s4_instance_open(&options, NULL, &error));
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = 0);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = offsetof(askel_s4_instance_options, vault_flags) - 1);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "vault_path", o.vault_path = NULL);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "vault_path", o.vault_path = "");
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "vault_path", o.vault_path = NOT_UTF8);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "key_file", o.key_file = NULL);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "key_file", o.key_file = NOT_UTF8);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "key", o.key = key, o.key_size = sizeof key);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "key_size", o.key_file = NULL, o.key = key, o.key_size = 31);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "key_size", o.key_file = NULL, o.key = key, o.key_size = 0);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "key", o.key_file = NULL, o.key_size = 32);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "event_capacity", o.event_capacity = 65537);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "log_level", o.log_level = 5);
  OPEN(ASKEL_S4_INVALID_ARGUMENT, "log_level", o.log_level = -1);

  longer.known.struct_size = sizeof longer;
  longer.known.vault_path = p->vault;
  longer.known.key_file = p->key;
  longer.tail[7] = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_instance_open(&longer.known, &out, &error));
  longer.tail[7] = 0;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_instance_open(&longer.known, &out, &error));
  askel_s4_instance_close(out);

  /* Key files and vaults that are not fit. */
  OPEN(ASKEL_S4_VAULT_KEY_REFUSED, NULL, o.key_file = NULL, o.key = key, o.key_size = sizeof key);
  snprintf(path, sizeof path, "%s/other", p->directory);
  OPEN(ASKEL_S4_VAULT_KEY_REFUSED, path, o.key_file = path);
  write_file(path, (const char *)key, sizeof key, 0644);
  OPEN(ASKEL_S4_VAULT_KEY_REFUSED, path, o.key_file = path);
  write_file(path, (const char *)key, 31, 0600);
  OPEN(ASKEL_S4_VAULT_KEY_REFUSED, path, o.key_file = path);
  write_file(path, "this is no vault, whoever says so", 33, 0600);
  OPEN(ASKEL_S4_VAULT_UNAVAILABLE, path, o.vault_path = path);
  chmod(p->vault, 0644);
  OPEN(ASKEL_S4_VAULT_UNAVAILABLE, p->vault, (void)0);
  chmod(p->vault, 0600);
  unlink(path);
}

static void test_instance(const askel_s4_instance *instance) {
  char *json = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_instance_status(NULL, &json, &error));
  CHECK("the output is NULL", json == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_json", askel_s4_instance_status(instance, NULL, &error));
  json = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_instance_stats(NULL, NULL, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_json", askel_s4_instance_stats(instance, NULL, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "connection", askel_s4_instance_stats(instance, NOT_UTF8, &json, &error));
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_instance_stats(instance, "nobody", &json, &error));
  CHECK("counts of a connection that is not there", json && strstr(json, "\"requests\":0") != NULL);
  askel_s4_string_free(json);
  json = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_instance_next_event(NULL, &json, &error));
  CHECK("the output is NULL", json == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_json", askel_s4_instance_next_event(instance, NULL, &error));
  CHECK("descriptor of NULL", askel_s4_instance_event_fd(NULL) == -1);
  CHECK("descriptor", askel_s4_instance_event_fd(instance) >= 0);
  askel_s4_instance_close(NULL);
}

static void test_null_objects(void) {
  askel_s4_field field;
  askel_s4_view view;
  askel_s4_receipt receipt = ASKEL_S4_RECEIPT_INIT;
  askel_s4_call *call = POISON;
  askel_s4_reply *reply = POISON;
  char *json = POISON;
  int32_t has_page = 7;
  CHECK("descriptor of NULL", askel_s4_call_fd(NULL) == -1);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_wait(NULL, 0, &error));
  askel_s4_call_cancel(NULL);
  askel_s4_call_free(NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_text(NULL, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_page(NULL, &has_page, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_reply(NULL, &reply, &error));
  CHECK("the outputs are empty", json == NULL && has_page == 0 && reply == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "cursor", askel_s4_cursor_next(NULL, &call, &error));
  CHECK("the output is NULL", call == NULL);
  CHECK("rows of NULL", askel_s4_cursor_row_count(NULL) == 0);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "cursor", askel_s4_cursor_row(NULL, 0, &view, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "cursor", askel_s4_cursor_field(NULL, 0, "SalesOrder", &field, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "cursor", askel_s4_cursor_receipt(NULL, &receipt, &error));
  askel_s4_cursor_free(NULL);
  CHECK("status of NULL", askel_s4_reply_http_status(NULL) == 0);
  CHECK("ETag of NULL", strcmp(askel_s4_reply_etag(NULL), "") == 0);
  CHECK("document of NULL", askel_s4_reply_document(NULL).size == 0);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "reply", askel_s4_reply_field(NULL, "SalesOrder", &field, &error));
  askel_s4_reply_free(NULL);
  askel_s4_client_free(NULL);
}

int main(void) {
  place p;
  askel_s4_instance *instance;
  askel_s4_client *client;
  int listener;
  place_make(&p);
  instance = place_open(&p);
  listener = silent_put(instance, "silent");
  client = client_of(instance, "silent");
  test_errors_and_text();
  test_null_objects();
  test_key_file(&p);
  test_instance(instance);
  test_connections(instance);
  test_clients(instance);
  test_reads(client);
  test_gets(client);
  test_writes(client);
  test_operations(client);
  test_sales_orders(client);
  test_calls(instance, client);
  askel_s4_client_free(client);
  askel_s4_instance_close(instance);
  test_instance_open(&p);
  close(listener);
  place_remove(&p);
  return harness_end("bad_input");
}
