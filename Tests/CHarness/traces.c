/* SPDX-License-Identifier: Apache-2.0
 *
 * A product that uses a credential and keeps no copy of it, for a scan of its memory from outside.
 *
 *   traces SANDBOX_LINE_FILE FOLDER secret_basic|secret_post|certificate|basic:USER [host_first|http_2|per_call]
 *
 * FOLDER holds `secret` (client secret, password or private key), `key` (32 bytes, the key-encryption key) and `needle`
 * (kept in memory to the end, so that a scan can prove that it finds things); the vault is made there. What is read
 * from the first two is wiped as soon as the library has it. At each stage the program says "at STAGE" and waits for a
 * line on stdin; at its end it goes on at once. host_first: libcurl is initialised by the host before the library.
 */
#define _XOPEN_SOURCE 700
#include <curl/curl.h>
#include <fcntl.h>

#include "harness.h"

int checks;
int failures;

typedef struct bytes {
  char data[4096];
  size_t size;
} bytes;

/* Not through stdio, whose buffers nobody wipes. */
static void read_file(bytes *into, const char *folder, const char *name) {
  char path[512];
  ssize_t count;
  int file;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = open(path, O_RDONLY);
  count = file < 0 ? -1 : read(file, into->data, sizeof into->data - 1);
  if (count <= 0) {
    perror(path);
    exit(2);
  }
  close(file);
  into->size = (size_t)count;
  into->data[count] = '\0';
}

static void wipe(bytes *secret) {
  volatile char *byte = secret->data;
  size_t i;
  for (i = 0; i < sizeof secret->data; i++) byte[i] = 0;
}

static void stage(const char *name) {
  char line[16];
  printf("at %s\n", name);
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return;
}

/* What a product would log. */
static void log_text(const char *what, char *text) {
  printf("%s %s\n", what, text);
  askel_s4_string_free(text);
}

static void log_error(const char *what, askel_s4_status status, askel_s4_error *error) {
  printf("%s: error %d %s; %s; %s; %s; %s\n", what, (int)status, askel_s4_error_message(error),
         askel_s4_error_target(error), askel_s4_error_sap_code(error), askel_s4_error_details(error),
         askel_s4_error_request_id(error));
  askel_s4_error_free(error);
}

static askel_s4_instance *open_instance(const char *folder) {
  static bytes key;
  char path[512];
  askel_s4_instance_options options = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  askel_s4_instance *instance = NULL;
  snprintf(path, sizeof path, "%s/vault.db", folder);
  read_file(&key, folder, "key");
  options.vault_path = path;
  options.key = (const uint8_t *)key.data;
  options.key_size = key.size;
  NEED(askel_s4_instance_open(&options, &instance, &error));
  wipe(&key);
  return instance;
}

static void put(const askel_s4_instance *instance, const tenant *t, const char *folder, const char *way) {
  static bytes secret, certificate;
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  read_file(&secret, folder, "secret");
  options.id = "nordvik";
  options.host = t->api_url;
  options.allow_host = "localhost";
  options.ca_file = t->ca_file;
  if (strncmp(way, "basic:", 6) == 0) {
    options.auth = ASKEL_S4_AUTH_BASIC;
    options.user = way + 6;
    options.password = secret.data;
  } else {
    options.token_url = t->token_url;
    options.client_id = t->client_id;
    options.client_secret = secret.data;
    if (strcmp(way, "secret_post") == 0) options.client_auth = ASKEL_S4_CLIENT_AUTH_SECRET_POST;
    if (strcmp(way, "certificate") == 0) {
      read_file(&certificate, folder, "certificate");
      options.client_auth = ASKEL_S4_CLIENT_AUTH_CERTIFICATE;
      options.client_secret = NULL;
      options.client_certificate = certificate.data;
      options.client_key = secret.data;
    }
  }
  NEED(askel_s4_connection_put(instance, &options, &error));
  wipe(&secret);
}

static askel_s4_client *open_client(const askel_s4_instance *instance, int is_http_2, int is_per_call) {
  askel_s4_client_options options = ASKEL_S4_CLIENT_OPTIONS_INIT;
  askel_s4_client *client = NULL;
  options.connection = "nordvik";
  if (is_http_2) options.http_version = ASKEL_S4_HTTP_2;
  if (is_per_call) options.mint_policy = ASKEL_S4_MINT_PER_CALL;
  NEED(askel_s4_client_open(instance, &options, &client, &error));
  return client;
}

/* Reads the whole list in pages so small that there are more than 100 of them, each with its own token, or all with
   one: that is looked at in the midst of them. */
static void read_rows(const askel_s4_client *client, int is_per_call) {
  askel_s4_read_options options = ASKEL_S4_READ_OPTIONS_INIT;
  askel_s4_receipt receipt = ASKEL_S4_RECEIPT_INIT;
  askel_s4_cursor *cursor = NULL;
  int32_t has_page = 1;
  int pages = 0;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.select = "SalesOrder";
  options.page_size = 40;
  options.top = 4200;
  NEED(askel_s4_client_read(client, &options, &cursor, &error));
  while (has_page) {
    NEED(askel_s4_cursor_next_wait(cursor, &has_page, &error));
    if (is_per_call && ++pages == 50) stage("reading");
  }
  NEED(askel_s4_cursor_receipt(cursor, &receipt, &error));
  CHECK("every order came", receipt.rows == 4200);
  printf("read %d pages with %d requests and %d mints\n", (int)receipt.pages, (int)receipt.requests,
         (int)receipt.mints);
  askel_s4_cursor_free(cursor);
}

static void check(const askel_s4_instance *instance, const char *service) {
  askel_s4_check_options options = ASKEL_S4_CHECK_OPTIONS_INIT;
  askel_s4_error *error = NULL;
  askel_s4_status status;
  char *json = NULL;
  options.service = service;
  status = askel_s4_connection_check_wait(instance, "nordvik", &options, &json, &error);
  if (status == ASKEL_S4_OK) log_text("check", json);
  else log_error("check", status, error);
}

/* What came last over a connection is what lies longest in its buffers: let that be a token, on several at once. */
static void mint_side_by_side(const askel_s4_instance *instance) {
  askel_s4_call *calls[8];
  size_t i;
  for (i = 0; i < 8; i++) NEED(askel_s4_connection_check(instance, "nordvik", NULL, &calls[i], &error));
  for (i = 0; i < 8; i++) {
    char *json = NULL;
    NEED(askel_s4_call_wait(calls[i], -1, &error));
    NEED(askel_s4_call_take_text(calls[i], &json, &error));
    log_text("check", json);
    askel_s4_call_free(calls[i]);
  }
}

static void get_what_is_not_there(const askel_s4_client *client) {
  askel_s4_get_options options = ASKEL_S4_GET_OPTIONS_INIT;
  askel_s4_param key = {ASKEL_S4_PARAM_TEXT, 0, "no such order"};
  askel_s4_error *error = NULL;
  askel_s4_reply *reply = NULL;
  askel_s4_status status;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.key = "?";
  options.params = &key;
  options.param_count = 1;
  status = askel_s4_client_get_wait(client, &options, &reply, &error);
  CHECK("no such order", status == ASKEL_S4_NOT_FOUND);
  if (error) log_error("get", status, error);
  askel_s4_reply_free(reply);
}

static void log_events(const askel_s4_instance *instance) {
  for (;;) {
    char *json = NULL;
    NEED(askel_s4_instance_next_event(instance, &json, &error));
    if (!json) return;
    log_text("event", json);
  }
}

int main(int argc, char **argv) {
  const char *service = "API_SALES_ORDER_SRV";
  askel_s4_instance *instance;
  askel_s4_client *client;
  bytes *needle = malloc(sizeof *needle);
  char *json = NULL;
  tenant t;
  int is_http_2, is_per_call;
  if (argc < 4 || !needle) {
    fprintf(stderr, "usage: traces SANDBOX_LINE_FILE FOLDER WAY [host_first|http_2|per_call]\n");
    return 2;
  }
  if (argc > 4 && strcmp(argv[4], "host_first") == 0) curl_global_init(CURL_GLOBAL_ALL);
  tenant_read(&t, argv[1]);
  read_file(needle, argv[2], "needle");

  instance = open_instance(argv[2]);
  NEED(askel_s4_instance_status(instance, &json, &error));
  log_text("status", json);
  put(instance, &t, argv[2], argv[3]);
  stage("stored");

  is_http_2 = argc > 4 && strcmp(argv[4], "http_2") == 0;
  /* A check speaks HTTP/1.1, and libcurl would go on with its connection. */
  if (!is_http_2) check(instance, service);
  is_per_call = argc > 4 && strcmp(argv[4], "per_call") == 0;
  client = open_client(instance, is_http_2, is_per_call);
  read_rows(client, is_per_call);
  if (!is_http_2 && strncmp(argv[3], "basic:", 6) != 0) mint_side_by_side(instance);
  stage("open");

  /* Here the scan makes the tenant fail, so that there are errors to log. */
  check(instance, service);
  get_what_is_not_there(client);
  log_events(instance);
  NEED(askel_s4_connection_get(instance, "nordvik", &json, &error));
  log_text("connection", json);
  askel_s4_client_free(client);
  stage("freed");

  askel_s4_instance_close(instance);
  stage("closed");
  free(needle);
  return harness_end("traces");
}
