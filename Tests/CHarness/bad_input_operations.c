/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input to the functions of operations and of any request.
 */
#define _XOPEN_SOURCE 700
#include <stddef.h>

#include "bad_input.h"
#include "harness.h"

/** Calls an operation with one option that is wrong: the call is fine but for what the last arguments change. */
#define INVOKE(about, ...)                                                                          \
  do {                                                                                              \
    askel_s4_invoke_options o = ASKEL_S4_INVOKE_OPTIONS_INIT;                                       \
    askel_s4_param number = {ASKEL_S4_PARAM_TEXT, 0, "1"};                                          \
    askel_s4_call *call = POISON;                                                                   \
    o.service = "API_SALES_ORDER_SRV";                                                              \
    o.operation = "releaseApprovalRequest";                                                         \
    o.arguments = "SalesOrder=?";                                                                   \
    o.argument_params = &number;                                                                    \
    o.argument_param_count = 1;                                                                     \
    __VA_ARGS__;                                                                                    \
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, (about), askel_s4_client_invoke(client, &o, &call, &error));  \
    CHECK("the output is NULL", call == NULL);                                                      \
  } while (0)

static void test_invocations(const askel_s4_client *client) {
  askel_s4_invoke_options options = ASKEL_S4_INVOKE_OPTIONS_INIT;
  askel_s4_call *call = POISON;
  askel_s4_reply *reply = POISON;
  struct {
    askel_s4_invoke_options known;
    char tail[8];
  } longer = {ASKEL_S4_INVOKE_OPTIONS_INIT, {0}};
  options.service = "API_SALES_ORDER_SRV";
  options.operation = "releaseApprovalRequest";
  longer.known = options;
  longer.known.struct_size = sizeof longer;

  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "client", askel_s4_client_invoke(NULL, &options, &call, &error));
  CHECK("the output is NULL", call == NULL);
  call = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_invoke(client, NULL, &call, &error));
  CHECK("the output is NULL", call == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_call", askel_s4_client_invoke(client, &options, NULL, &error));
  CHECK("without an error object",
        askel_s4_client_invoke(client, NULL, &call, NULL) == ASKEL_S4_INVALID_ARGUMENT && call == NULL);
  longer.tail[7] = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_client_invoke(client, &longer.known, &call, &error));
  longer.tail[7] = 0;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_client_invoke(client, &longer.known, &call, &error));
  askel_s4_call_free(call);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_invoke_wait(client, NULL, &reply, &error));
  CHECK("the output is NULL", reply == NULL);
  options.timeout_ms = 50;
  EXPECT(ASKEL_S4_TIMED_OUT, NULL, askel_s4_client_invoke_wait(client, &options, &reply, &error));
  CHECK("the output is NULL", reply == NULL);
}

static void test_operation_options(const askel_s4_client *client) {
  askel_s4_param wrong = {9, 0, "1"};
  INVOKE("struct_size", o.struct_size = 0);
  INVOKE("struct_size", o.struct_size = offsetof(askel_s4_invoke_options, traceparent));
  INVOKE("struct_size", o.struct_size = SIZE_MAX);
  INVOKE("service", o.service = NULL);
  INVOKE("service", o.service = "");
  INVOKE("service", o.service = NOT_UTF8);
  INVOKE("service", o.service = "https://evil.example/sap/opu/odata/sap/X");
  INVOKE("service", o.service = "../x");
  INVOKE("operation", o.operation = NULL);
  INVOKE("operation", o.operation = "");
  INVOKE("operation", o.operation = NOT_UTF8);
  INVOKE("operation", o.operation = "a..b");
  INVOKE("operation", o.operation = ".a");
  INVOKE("operation", o.operation = "releaseApprovalRequest?x=y");
  INVOKE("operation", o.operation = "../$batch");
  INVOKE("operation", o.operation = "a\r\nHost: evil.example");
  INVOKE("entity_set", o.entity_set = "");
  INVOKE("entity_set", o.entity_set = NOT_UTF8);
  INVOKE("entity_set", o.entity_set = "A_SalesOrder('1')");
  INVOKE("key", o.key = "'1'");
  INVOKE("key", o.entity_set = "A_SalesOrder", o.key = "");
  INVOKE("key", o.entity_set = "A_SalesOrder", o.key = NOT_UTF8);
  INVOKE("param", o.entity_set = "A_SalesOrder", o.key = "?");
  INVOKE("params", o.params = &number, o.param_count = 1);
  INVOKE("params", o.entity_set = "A_SalesOrder", o.params = &number, o.param_count = 1);
  INVOKE("params", o.entity_set = "A_SalesOrder", o.key = "?", o.param_count = 1);
  INVOKE("param", o.entity_set = "A_SalesOrder", o.key = "?", o.params = &wrong, o.param_count = 1);
  INVOKE("param", o.entity_set = "A_SalesOrder", o.key = "?", o.params = &number, o.param_count = SIZE_MAX);

  INVOKE("argument_params", o.arguments = NULL);
  INVOKE("arguments", o.arguments = "");
  INVOKE("arguments", o.arguments = NOT_UTF8);
  INVOKE("arguments", o.arguments = "SalesOrder=?,Other=?");
  INVOKE("arguments", o.arguments = "SalesOrder='1");
  INVOKE("param", o.argument_param_count = 0);
  INVOKE("param", o.argument_param_count = SIZE_MAX);
  INVOKE("param", o.argument_params = NULL);
  INVOKE("param", o.argument_params = &wrong);
  INVOKE("body", o.body_size = 2);
  INVOKE("body", o.body = "");
  INVOKE("body", o.body = "[]", o.body_size = 2);
  INVOKE("body", o.body = "{}", o.body_size = 1);
  INVOKE("body", o.body = "{}", o.body_size = SIZE_MAX);
  INVOKE("etag", o.etag = "");
  INVOKE("etag", o.etag = NOT_UTF8);
  INVOKE("etag", o.etag = "W/\"1\"\r\nHost: evil.example");
  INVOKE("any_etag", o.any_etag = 2);
  INVOKE("any_etag", o.etag = "W/\"1\"", o.any_etag = 1);
  INVOKE("repeatable", o.repeatable = 2);
  INVOKE("repeatable", o.repeatable = -1);
  INVOKE("timeout_ms", o.timeout_ms = -1);
  INVOKE("traceparent", o.traceparent = "");
  INVOKE("traceparent", o.traceparent = NOT_UTF8);
  INVOKE("traceparent", o.traceparent = "00-1-1-01");
}

/** Starts a request of which one option is wrong: a POST that is fine but for what the last arguments change. */
#define REQUEST(about, ...)                                                                                \
  do {                                                                                                     \
    askel_s4_request_options o = ASKEL_S4_REQUEST_OPTIONS_INIT;                                            \
    askel_s4_header h = {"Prefer", "return=minimal"};                                                      \
    askel_s4_call *call = POISON;                                                                          \
    o.method = "POST";                                                                                     \
    o.path = "/sap/x?a=b";                                                                                 \
    o.headers = &h;                                                                                        \
    o.header_count = 1;                                                                                    \
    __VA_ARGS__;                                                                                           \
    EXPECT(ASKEL_S4_INVALID_ARGUMENT, (about), askel_s4_client_request(client, &o, &call, &error));        \
    CHECK("the output is NULL", call == NULL);                                                             \
  } while (0)

static void test_requests(const askel_s4_client *client) {
  askel_s4_request_options options = ASKEL_S4_REQUEST_OPTIONS_INIT;
  askel_s4_call *call = POISON;
  askel_s4_reply *reply = POISON;
  options.method = "GET";
  options.path = "/";
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "client", askel_s4_client_request(NULL, &options, &call, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_request(client, NULL, &call, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_call", askel_s4_client_request(client, &options, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_request_wait(client, NULL, &reply, &error));
  CHECK("the output is NULL", reply == NULL);
  options.timeout_ms = 50;
  EXPECT(ASKEL_S4_TIMED_OUT, NULL, askel_s4_client_request_wait(client, &options, &reply, &error));
  REQUEST("struct_size", o.struct_size = 0);
  REQUEST("struct_size", o.struct_size = SIZE_MAX);
  REQUEST("method", o.method = NULL);
  REQUEST("method", o.method = "");
  REQUEST("method", o.method = "TRACE");
  REQUEST("method", o.method = "GET /x HTTP/1.1\r\n");
  REQUEST("path", o.path = NULL);
  REQUEST("path", o.path = "");
  REQUEST("path", o.path = NOT_UTF8);
  REQUEST("path", o.path = "//evil.example/");
  REQUEST("path", o.path = "/\r\nHost: evil.example");
  REQUEST("headers", o.headers = NULL);
  REQUEST("header_count", o.header_count = SIZE_MAX);
  REQUEST("headers[0].name", h.name = NULL);
  REQUEST("headers[0].value", h.value = NULL);
  REQUEST("headers[0].value", h.value = NOT_UTF8);
  REQUEST("headers", h.value = "1\r\nX: 2");
  REQUEST("headers", h.name = "Host");
  REQUEST("headers", h.name = "");
  REQUEST("body", o.body_size = 1);
  REQUEST("body", o.body = "", o.body_size = SIZE_MAX);
  REQUEST("body", o.method = "GET", o.body = "");
  REQUEST("service", o.service = "");
  REQUEST("service", o.service = "../x");
  REQUEST("repeatable", o.repeatable = 2);
  REQUEST("timeout_ms", o.timeout_ms = -1);
  REQUEST("traceparent", o.traceparent = "");
  REQUEST("traceparent", o.traceparent = NOT_UTF8);
}

void test_operations(const askel_s4_client *client) {
  test_invocations(client);
  test_operation_options(client);
  test_requests(client);
}
