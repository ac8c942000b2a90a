/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input to the functions of connections and clients.
 */
#define _XOPEN_SOURCE 700
#include "bad_input.h"
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

/** Puts a connection of which one value is wrong. */
#define PUT(code, about, ...)                                                  \
  do {                                                                         \
    askel_s4_connection_options o = right_connection();                        \
    __VA_ARGS__;                                                               \
    EXPECT((code), (about), askel_s4_connection_put(instance, &o, &error));    \
  } while (0)

static askel_s4_connection_options right_connection(void) {
  askel_s4_connection_options o = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  o.id = "other";
  o.host = "my300000-api.s4hana.cloud.sap";
  o.token_url = "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token";
  o.client_id = "client";
  o.client_secret = "not a secret";
  return o;
}

static void test_hosts(const askel_s4_instance *instance) {
  static const char *const refused[] = {
      "",
      "http://my300000-api.s4hana.cloud.sap",
      "https://my300000-api.s4hana.cloud.sap/sap/opu",
      "my300000-api.s4hana.cloud.sap/",
      "user@my300000-api.s4hana.cloud.sap",
      "https://user:word@my300000-api.s4hana.cloud.sap",
      "my300000-api.s4hana.cloud.sap:0",
      "my300000-api.s4hana.cloud.sap:65536",
      "my300000-api.s4hana.cloud.sap:abc",
      "my300000-api.s4hana.cloud.sap?x=1",
      "my300000-api.s4hana.cloud.sap#x",
      "my300000-api.s4hana.cloud.sap ",
      "my300000-api.s4hana.cloud.sap\r\nHost: evil.example",
      "my300000-api.s4hana.cloud.sap.evil.example",
      "evil.example",
      "localhost",
      "127.0.0.1",
      "[::1]",
      "2130706433",
  };
  size_t i;
  for (i = 0; i < sizeof refused / sizeof refused[0]; i++) PUT(ASKEL_S4_HOST_REFUSED, NULL, o.host = refused[i]);
  PUT(ASKEL_S4_HOST_REFUSED, NULL, o.token_url = "http://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token");
  PUT(ASKEL_S4_HOST_REFUSED, NULL, o.token_url = "https://evil.example/oauth/token");
  PUT(ASKEL_S4_HOST_REFUSED, NULL, o.token_url = "https://u:p@my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token");
  PUT(ASKEL_S4_HOST_REFUSED, NULL, o.token_url = "no URL");
  PUT(ASKEL_S4_HOST_REFUSED, NULL, o.token_url = "");
}

static void test_put(const askel_s4_instance *instance) {
  char long_id[130];
  struct {
    askel_s4_connection_options known;
    char tail[8];
  } longer;
  memset(long_id, 'x', sizeof long_id);
  long_id[129] = '\0';

  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_connection_put(instance, NULL, &error));
  {
    askel_s4_connection_options o = right_connection();
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_connection_put(NULL, &o, &error));
  }
  PUT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = 0);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = offsetof(askel_s4_connection_options, client_certificate) - 1);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "id", o.id = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "id", o.id = "");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "id", o.id = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "id", o.id = "line\nbreak");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "id", o.id = long_id);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "host", o.host = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "host", o.host = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "auth", o.auth = 3);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "auth", o.auth = -1);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_auth", o.client_auth = 3);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "token_url", o.token_url = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "token_url", o.token_url = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_id", o.client_id = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_id", o.client_id = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_secret", o.client_secret = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_secret", o.client_secret = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "scope", o.scope = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "scope", o.scope = "a\nb");
  {
    static const askel_s4_token_param right[17] = {{"a", "b"}};
    static const askel_s4_token_param nobody[] = {{NULL, "b"}}, nothing[] = {{"a", NULL}}, bytes[] = {{NOT_UTF8, "b"}};
    static const askel_s4_token_param lines[] = {{"a", "b\r\nX: 1"}}, reserved[] = {{"Client_Secret", "b"}};
    const askel_s4_token_param *const wrong[] = {nobody, nothing, bytes, lines, reserved};
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
      PUT(ASKEL_S4_INVALID_ARGUMENT, "token_params", o.token_params = wrong[i], o.token_param_count = 1);
    PUT(ASKEL_S4_INVALID_ARGUMENT, "token_param_count", o.token_param_count = 1);
    PUT(ASKEL_S4_INVALID_ARGUMENT, "token_param_count", o.token_params = right, o.token_param_count = 17);
    PUT(ASKEL_S4_INVALID_ARGUMENT, "token_param_count", o.token_params = right, o.token_param_count = SIZE_MAX);
  }
  PUT(ASKEL_S4_INVALID_ARGUMENT, "user", o.auth = ASKEL_S4_AUTH_BASIC, o.password = "word");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "password", o.auth = ASKEL_S4_AUTH_BASIC, o.user = "USER");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_secret", o.client_auth = ASKEL_S4_CLIENT_AUTH_CERTIFICATE);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_certificate", o.client_auth = ASKEL_S4_CLIENT_AUTH_CERTIFICATE,
      o.client_secret = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_certificate", o.auth = ASKEL_S4_AUTH_CERTIFICATE, o.client_secret = NULL);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_key", o.auth = ASKEL_S4_AUTH_CERTIFICATE, o.client_secret = NULL,
      o.client_certificate = "text");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_key", o.auth = ASKEL_S4_AUTH_CERTIFICATE, o.client_secret = NULL,
      o.client_certificate = "text", o.client_key = "text");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "client_key", o.client_key = "text");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "expires_at", o.expires_at = "tomorrow");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "expiring_days", o.expiring_days = 3651);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "allow_host", o.allow_host = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "ca_file", o.ca_file = "no-such-file.pem");
  PUT(ASKEL_S4_INVALID_ARGUMENT, "ca_file", o.ca_file = NOT_UTF8);
  PUT(ASKEL_S4_INVALID_ARGUMENT, "ca_file", o.ca_file = "/dev/zero");
  /* A named pipe has no writer here: it is not waited for. */
  alarm(20);
  if (mkfifo("no-ca.pem", 0600) == 0) {
    PUT(ASKEL_S4_INVALID_ARGUMENT, "ca_file", o.ca_file = "no-ca.pem");
    unlink("no-ca.pem");
  }
  alarm(0);

  longer.known = right_connection();
  longer.known.struct_size = sizeof longer;
  memset(longer.tail, 0, sizeof longer.tail);
  longer.tail[0] = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_connection_put(instance, &longer.known, &error));
  longer.tail[0] = 0;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_connection_put(instance, &longer.known, &error));
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_connection_delete(instance, "other", NULL, &error));
}

static void test_check(const askel_s4_instance *instance) {
  askel_s4_check_options o = ASKEL_S4_CHECK_OPTIONS_INIT;
  askel_s4_call *call = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_connection_check(NULL, "silent", NULL, &call, &error));
  CHECK("the output is NULL", call == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "id", askel_s4_connection_check(instance, NULL, NULL, &call, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "id", askel_s4_connection_check(instance, NOT_UTF8, NULL, &call, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_call", askel_s4_connection_check(instance, "silent", NULL, NULL, &error));
  EXPECT(ASKEL_S4_NOT_FOUND, "nobody", askel_s4_connection_check(instance, "nobody", NULL, &call, &error));
  o.struct_size = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_connection_check(instance, "silent", &o, &call, &error));
  o.struct_size = sizeof o;
  o.timeout_ms = -1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "timeout_ms", askel_s4_connection_check(instance, "silent", &o, &call, &error));
  o.timeout_ms = 0;
  o.service = NOT_UTF8;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "service", askel_s4_connection_check(instance, "silent", &o, &call, &error));
  o.service = NULL;
  o.service_count = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "services", askel_s4_connection_check(instance, "silent", &o, &call, &error));
  {
    const char *const wrong[3][2] = {{"API_SALES_ORDER_SRV", NULL}, {"", "X"}, {"X", NOT_UTF8}};
    const char *const right[] = {"API_SALES_ORDER_SRV"};
    size_t i;
    for (i = 0; i < 3; i++) {
      o.services = wrong[i];
      o.service_count = 2;
      EXPECT(ASKEL_S4_INVALID_ARGUMENT, "service", askel_s4_connection_check(instance, "silent", &o, &call, &error));
    }
    o.services = right;
    o.service_count = 201;
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, "services", askel_s4_connection_check(instance, "silent", &o, &call, &error));
    o.service_count = SIZE_MAX;
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, "services", askel_s4_connection_check(instance, "silent", &o, &call, &error));
    o.service_count = 1;
    o.service = right[0];
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, "services", askel_s4_connection_check(instance, "silent", &o, &call, &error));
  }
  CHECK("the output is NULL", call == NULL);
  {
    askel_s4_connection_options basic = right_connection();
    basic.auth = ASKEL_S4_AUTH_BASIC;
    basic.user = "USER";
    basic.password = "not a password";
    EXPECT(ASKEL_S4_OK, NULL, askel_s4_connection_put(instance, &basic, &error));
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, "service", askel_s4_connection_check(instance, "other", NULL, &call, &error));
    EXPECT(ASKEL_S4_OK, NULL, askel_s4_connection_delete(instance, "other", NULL, &error));
  }
}

void test_connections(const askel_s4_instance *instance) {
  char *json = POISON;
  test_hosts(instance);
  test_put(instance);
  test_check(instance);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_connection_get(NULL, "silent", &json, &error));
  CHECK("the output is NULL", json == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "id", askel_s4_connection_get(instance, NULL, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "id", askel_s4_connection_get(instance, NOT_UTF8, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_json", askel_s4_connection_get(instance, "silent", NULL, &error));
  EXPECT(ASKEL_S4_NOT_FOUND, "nobody", askel_s4_connection_get(instance, "nobody", &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_connection_list(NULL, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_json", askel_s4_connection_list(instance, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_connection_delete(NULL, "silent", NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "id", askel_s4_connection_delete(instance, NULL, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "id", askel_s4_connection_delete(instance, NOT_UTF8, NULL, &error));
  EXPECT(ASKEL_S4_NOT_FOUND, "nobody", askel_s4_connection_delete(instance, "nobody", NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_vault_discard(NULL, "connection/0", NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "record", askel_s4_vault_discard(instance, NULL, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "record", askel_s4_vault_discard(instance, NOT_UTF8, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "record", askel_s4_vault_discard(instance, "vault", NULL, &error));
  EXPECT(ASKEL_S4_NOT_FOUND, "connection/0", askel_s4_vault_discard(instance, "connection/0", NULL, &error));
}

/** Opens a client with options of which one is wrong. */
#define CLIENT(code, about, ...)                                                     \
  do {                                                                               \
    askel_s4_client_options o = ASKEL_S4_CLIENT_OPTIONS_INIT;                        \
    askel_s4_client *client = POISON;                                                \
    o.connection = "silent";                                                         \
    __VA_ARGS__;                                                                     \
    EXPECT((code), (about), askel_s4_client_open(instance, &o, &client, &error));    \
    CHECK("the output is NULL", client == NULL);                                     \
  } while (0)

void test_clients(const askel_s4_instance *instance) {
  askel_s4_client_options options = ASKEL_S4_CLIENT_OPTIONS_INIT;
  askel_s4_client *client = POISON;
  options.connection = "silent";
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "instance", askel_s4_client_open(NULL, &options, &client, &error));
  CHECK("the output is NULL", client == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_open(instance, NULL, &client, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_client", askel_s4_client_open(instance, &options, NULL, &error));
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = 3);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "connection", o.connection = NULL);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "connection", o.connection = NOT_UTF8);
  CLIENT(ASKEL_S4_NOT_FOUND, "nobody", o.connection = "nobody");
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "http_version", o.http_version = 1);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "http_version", o.http_version = 3);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "max_answer_bytes", o.max_answer_bytes = UINT64_C(1) << 31);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "max_answer_bytes", o.max_answer_bytes = UINT64_MAX);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "language", o.language = NOT_UTF8);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "language", o.language = "de\r\nX-Other: 1");
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "timeout_ms", o.timeout_ms = -1);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "mint_policy", o.mint_policy = 2);
  CLIENT(ASKEL_S4_INVALID_ARGUMENT, "mint_policy", o.mint_policy = -1);
}
