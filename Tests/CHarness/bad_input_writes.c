/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input to the functions of writing.
 */
#define _XOPEN_SOURCE 700
#include <stddef.h>

#include "bad_input.h"
#include "harness.h"

/** A body that is fine. */
#define BODY "{\"PurchaseOrderByCustomer\":\"1\"}"
/** Longer than any ETag may be. */
enum { LONGEST_ETAG = 16 << 10 };

/** Sets a body of the options, text and size. */
#define SET_BODY(text) (o.body = (text), o.body_size = sizeof(text) - 1)

/** Starts a write of which one option is wrong: an update that is fine but for what the last arguments change. */
#define WRITE(about, ...)                                                                               \
  do {                                                                                                  \
    askel_s4_write_options o = ASKEL_S4_WRITE_OPTIONS_INIT;                                             \
    askel_s4_param number = {ASKEL_S4_PARAM_TEXT, 0, "1"};                                              \
    askel_s4_call *call = POISON;                                                                       \
    o.kind = ASKEL_S4_WRITE_UPDATE;                                                                     \
    o.service = "API_SALES_ORDER_SRV";                                                                  \
    o.entity_set = "A_SalesOrder";                                                                      \
    o.key = "?";                                                                                        \
    o.params = &number;                                                                                 \
    o.param_count = 1;                                                                                  \
    o.etag = "W/\"1\"";                                                                                 \
    SET_BODY(BODY);                                                                                     \
    __VA_ARGS__;                                                                                        \
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, (about), askel_s4_client_write(client, &o, &call, &error));       \
    CHECK("the output is NULL", call == NULL);                                                          \
  } while (0)

/** As WRITE, for a new document. */
#define CREATE(about, ...)                                                                                    \
  WRITE(about, o.kind = ASKEL_S4_WRITE_CREATE, o.key = o.etag = NULL, o.params = NULL, o.param_count = 0, \
        __VA_ARGS__)

/** As WRITE, for a document that goes. */
#define DELETE(about, ...) \
  WRITE(about, o.kind = ASKEL_S4_WRITE_DELETE, o.body = NULL, o.body_size = 0, __VA_ARGS__)

static void test_arguments(const askel_s4_client *client) {
  askel_s4_write_options options = ASKEL_S4_WRITE_OPTIONS_INIT;
  askel_s4_call *call = POISON;
  askel_s4_reply *reply = POISON;
  struct {
    askel_s4_write_options known;
    char tail[8];
  } longer = {ASKEL_S4_WRITE_OPTIONS_INIT, {0}};

  options.kind = ASKEL_S4_WRITE_CREATE;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.body = BODY;
  options.body_size = sizeof BODY - 1;
  longer.known = options;
  longer.known.struct_size = sizeof longer;

  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "client", askel_s4_client_write(NULL, &options, &call, &error));
  CHECK("the output is NULL", call == NULL);
  call = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_write(client, NULL, &call, &error));
  CHECK("the output is NULL", call == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_call", askel_s4_client_write(client, &options, NULL, &error));
  CHECK("without an error object",
        askel_s4_client_write(client, NULL, &call, NULL) == ASKEL_S4_INVALID_ARGUMENT && call == NULL);
  longer.tail[7] = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_client_write(client, &longer.known, &call, &error));
  longer.tail[7] = 0;
  /* A program that was built before a member was there: what lies behind its struct is not read. */
  longer.known.struct_size = offsetof(askel_s4_write_options, repeatable);
  longer.known.repeatable = 7;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_client_write(client, &longer.known, &call, &error));
  askel_s4_call_free(call);
  longer.known.struct_size = sizeof longer;
  longer.known.repeatable = 1;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_client_write(client, &longer.known, &call, &error));
  /* The host is silent: while it runs there is no result, and then it is none of another kind. */
  EXPECT(ASKEL_S4_PENDING, NULL, askel_s4_call_take_reply(call, &reply, &error));
  CHECK("the output is NULL", reply == NULL);
  askel_s4_call_cancel(call);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(call, -1, &error));
  EXPECT(ASKEL_S4_CANCELLED, NULL, askel_s4_call_take_reply(call, &reply, &error));
  askel_s4_call_free(call);

  reply = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_write_wait(client, NULL, &reply, &error));
  CHECK("the output is NULL", reply == NULL);
  options.timeout_ms = 50;
  EXPECT(ASKEL_S4_TIMED_OUT, NULL, askel_s4_client_write_wait(client, &options, &reply, &error));
}

static void test_targets(const askel_s4_client *client) {
  askel_s4_param wrong = {9, 0, "1"};
  WRITE("struct_size", o.struct_size = 0);
  WRITE("struct_size", o.struct_size = offsetof(askel_s4_write_options, traceparent) - 8);
  WRITE("kind", o.kind = 0);
  WRITE("kind", o.kind = 6);
  WRITE("kind", o.kind = -1);
  WRITE("service", o.service = NULL);
  WRITE("service", o.service = "");
  WRITE("service", o.service = NOT_UTF8);
  WRITE("service", o.service = "https://evil.example/sap/opu/odata/sap/X");
  WRITE("service", o.service = "X?sap-client=100");
  WRITE("service", o.service = "X\r\nHost: evil.example");
  WRITE("entity_set", o.entity_set = NULL);
  WRITE("entity_set", o.entity_set = "");
  WRITE("entity_set", o.entity_set = NOT_UTF8);
  WRITE("entity_set", o.entity_set = "A_SalesOrder('1')/to_Item");
  WRITE("key", o.key = NULL, o.params = NULL, o.param_count = 0);
  WRITE("key", o.key = NULL);
  WRITE("key", o.key = "");
  WRITE("key", o.key = NOT_UTF8);
  WRITE("param", o.param_count = 0);
  WRITE("param", o.param_count = SIZE_MAX);
  WRITE("params", o.params = NULL);
  WRITE("param", o.params = &wrong);
  WRITE("timeout_ms", o.timeout_ms = -1);
  DELETE("key", o.key = NULL, o.params = NULL, o.param_count = 0);

  /* What is created below another document. */
  WRITE("navigation", o.navigation = "to_Item");
  DELETE("navigation", o.navigation = "to_Item");
  CREATE("navigation", o.key = "'1'", o.navigation = NOT_UTF8);
  CREATE("key", o.navigation = "to_Item");
  CREATE("key", o.key = "'1'");
  CREATE("key", o.params = &number, o.param_count = 1);
  CREATE("param", o.params = &wrong, o.param_count = 1);
}

static void test_contents(const askel_s4_client *client) {
  static char tag[LONGEST_ETAG + 2];
  memset(tag, 'x', sizeof tag - 1);
  WRITE("etag", o.etag = NULL);
  WRITE("etag", o.etag = "");
  WRITE("etag", o.etag = NOT_UTF8);
  WRITE("etag", o.etag = "W/\"1\"\r\nAuthorization: Bearer x");
  WRITE("etag", o.etag = "W/\"1\"\n");
  WRITE("etag", o.etag = "W/\"1\t\"");
  WRITE("etag", o.etag = "W/\"\x7f\"");
  WRITE("etag", o.etag = "W/\"\xc3\xbc\"");
  WRITE("etag", o.etag = tag);
  WRITE("any_etag", o.any_etag = 1);
  WRITE("any_etag", o.etag = NULL, o.any_etag = 2);
  WRITE("any_etag", o.etag = NULL, o.any_etag = -1);
  DELETE("etag", o.etag = NULL);
  CREATE("etag", o.etag = "W/\"1\"");
  CREATE("etag", o.any_etag = 1);

  WRITE("body", o.body = NULL, o.body_size = 0);
  WRITE("body", o.body = NULL);
  WRITE("body", o.body_size = 0);
  WRITE("body", o.body_size = SIZE_MAX);
  WRITE("body", o.body_size = ((size_t)256 << 20) + 1);
  WRITE("body", SET_BODY(""));
  WRITE("body", SET_BODY("null"));
  WRITE("body", SET_BODY("[{}]"));
  WRITE("body", SET_BODY("\"text\""));
  WRITE("body", SET_BODY("{\"A\":1"));
  WRITE("body", SET_BODY("{\"A\":1,}"));
  WRITE("body", SET_BODY("{\"A\":01}"));
  WRITE("body", SET_BODY("{\"A\":1}{\"B\":2}"));
  WRITE("body", SET_BODY("{\"A\":1}\0"));
  WRITE("body", SET_BODY("{\"A\":\"" NOT_UTF8 "\"}"));
  WRITE("body", SET_BODY("{\"A\":\"\n\"}"));
  WRITE("body", SET_BODY("\xef\xbb\xbf{}"));
  CREATE("body", o.body = NULL, o.body_size = 0);
  DELETE("body", SET_BODY("{}"));
  DELETE("body", o.body_size = 2);
  WRITE("repeatable", o.repeatable = 2);
  CREATE("repeatable", o.repeatable = -1);
  DELETE("repeatable", o.repeatable = INT32_MAX);
}

void test_writes(const askel_s4_client *client) {
  test_arguments(client);
  test_targets(client);
  test_contents(client);
  CHECK("a header of NULL", strcmp(askel_s4_reply_header(NULL, "location"), "") == 0);
  CHECK("no header of NULL", strcmp(askel_s4_reply_header(NULL, NULL), "") == 0);
}
