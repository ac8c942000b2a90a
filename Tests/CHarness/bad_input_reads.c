/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input to the functions of reads, documents, sales orders and calls.
 */
#define _XOPEN_SOURCE 700
#include <stddef.h>

#include "bad_input.h"
#include "harness.h"

static askel_s4_param one_param(int32_t type, const char *text) {
  askel_s4_param param = {0, 0, NULL};
  param.type = type;
  param.text = text;
  return param;
}

/** Prepares a read of which one option is wrong. */
#define READ(code, about, ...)                                                     \
  do {                                                                             \
    askel_s4_read_options o = ASKEL_S4_READ_OPTIONS_INIT;                          \
    askel_s4_cursor *cursor = POISON;                                              \
    o.service = "API_SALES_ORDER_SRV";                                             \
    o.entity_set = "A_SalesOrder";                                                 \
    __VA_ARGS__;                                                                   \
    EXPECT((code), (about), askel_s4_client_read(client, &o, &cursor, &error));    \
    CHECK("the output is NULL", cursor == NULL);                                   \
  } while (0)

/** Prepares a read with one parameter that is wrong. */
#define PARAM(type_, text_)                                                                  \
  do {                                                                                       \
    askel_s4_param param = one_param((type_), (text_));                                      \
    READ(ASKEL_S4_INVALID_ARGUMENT, "param", o.filter = "SalesOrder eq ?", o.params = &param, \
         o.param_count = 1);                                                                 \
  } while (0)

void test_reads(const askel_s4_client *client) {
  askel_s4_param params[2];
  askel_s4_read_options options = ASKEL_S4_READ_OPTIONS_INIT;
  askel_s4_cursor *out = POISON;
  struct {
    askel_s4_read_options known;
    char tail[8];
  } longer = {ASKEL_S4_READ_OPTIONS_INIT, {1}};
  params[0] = one_param(ASKEL_S4_PARAM_TEXT, "1");
  params[1] = one_param(ASKEL_S4_PARAM_TEXT, "2");

  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "client", askel_s4_client_read(NULL, &options, &out, &error));
  CHECK("the output is NULL", out == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_read(client, NULL, &out, &error));
  options.service = longer.known.service = "API_SALES_ORDER_SRV";
  options.entity_set = longer.known.entity_set = "A_SalesOrder";
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_cursor", askel_s4_client_read(client, &options, NULL, &error));
  longer.known.struct_size = sizeof longer;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_client_read(client, &longer.known, &out, &error));
  longer.tail[0] = 0;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_client_read(client, &longer.known, &out, &error));
  askel_s4_cursor_free(out);

  READ(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = 8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = NULL);
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = "");
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = NOT_UTF8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = "https://evil.example/sap/opu/odata/sap/X");
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = "//evil.example/X");
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = "/sap/opu/../admin");
  READ(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = "X\r\nHost: evil.example");
  READ(ASKEL_S4_INVALID_ARGUMENT, "entity_set", o.entity_set = NULL);
  READ(ASKEL_S4_INVALID_ARGUMENT, "entity_set", o.entity_set = "");
  READ(ASKEL_S4_INVALID_ARGUMENT, "entity_set", o.entity_set = NOT_UTF8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "entity_set", o.entity_set = "../A_SalesOrder");
  READ(ASKEL_S4_INVALID_ARGUMENT, "filter", o.filter = NOT_UTF8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "select", o.select = NOT_UTF8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "expand", o.expand = NOT_UTF8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "orderby", o.orderby = NOT_UTF8);
  READ(ASKEL_S4_INVALID_ARGUMENT, "count", o.count = 2);
  READ(ASKEL_S4_INVALID_ARGUMENT, "count", o.count = -1);
  READ(ASKEL_S4_INVALID_ARGUMENT, "timeout_ms", o.timeout_ms = -5);
  READ(ASKEL_S4_INVALID_ARGUMENT, "param", o.filter = "SalesOrder eq ?");
  READ(ASKEL_S4_INVALID_ARGUMENT, "param", o.filter = "SalesOrder eq ?", o.params = params, o.param_count = 2);
  READ(ASKEL_S4_INVALID_ARGUMENT, "param", o.params = params, o.param_count = 1);
  READ(ASKEL_S4_INVALID_ARGUMENT, "params", o.filter = "SalesOrder eq ?", o.param_count = 1);
  READ(ASKEL_S4_INVALID_ARGUMENT, "param", o.filter = "SalesOrder eq ?", o.params = params, o.param_count = SIZE_MAX);
  PARAM(-1, "1");
  PARAM(9, "1");
  PARAM(ASKEL_S4_PARAM_TEXT, NULL);
  PARAM(ASKEL_S4_PARAM_DECIMAL, NULL);
  PARAM(ASKEL_S4_PARAM_TEXT, NOT_UTF8);
}

/** Starts getting a document with options of which one is wrong. */
#define GET(code, about, ...)                                                    \
  do {                                                                           \
    askel_s4_get_options o = ASKEL_S4_GET_OPTIONS_INIT;                          \
    askel_s4_call *call = POISON;                                                \
    o.service = "API_SALES_ORDER_SRV";                                           \
    o.entity_set = "A_SalesOrder";                                               \
    o.key = "?";                                                                 \
    o.params = &param;                                                           \
    o.param_count = 1;                                                           \
    __VA_ARGS__;                                                                 \
    EXPECT((code), (about), askel_s4_client_get(client, &o, &call, &error));     \
    CHECK("the output is NULL", call == NULL);                                   \
  } while (0)

void test_gets(const askel_s4_client *client) {
  askel_s4_param param = one_param(ASKEL_S4_PARAM_TEXT, "1"), wrong = one_param(9, "1");
  askel_s4_get_options options = ASKEL_S4_GET_OPTIONS_INIT;
  askel_s4_call *out = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "client", askel_s4_client_get(NULL, &options, &out, &error));
  CHECK("the output is NULL", out == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "options", askel_s4_client_get(client, NULL, &out, &error));
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.key = "?";
  options.params = &param;
  options.param_count = 1;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_call", askel_s4_client_get(client, &options, NULL, &error));
  GET(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = offsetof(askel_s4_get_options, traceparent) - 8);
  GET(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = NULL);
  GET(ASKEL_S4_INVALID_ARGUMENT, "service", o.service = NOT_UTF8);
  GET(ASKEL_S4_INVALID_ARGUMENT, "entity_set", o.entity_set = NULL);
  GET(ASKEL_S4_INVALID_ARGUMENT, "entity_set", o.entity_set = NOT_UTF8);
  GET(ASKEL_S4_INVALID_ARGUMENT, "key", o.key = NULL);
  GET(ASKEL_S4_INVALID_ARGUMENT, "key", o.key = "");
  GET(ASKEL_S4_INVALID_ARGUMENT, "key", o.key = NOT_UTF8);
  GET(ASKEL_S4_INVALID_ARGUMENT, "param", o.param_count = 0);
  GET(ASKEL_S4_INVALID_ARGUMENT, "params", o.params = NULL);
  GET(ASKEL_S4_INVALID_ARGUMENT, "param", o.params = &wrong);
  GET(ASKEL_S4_INVALID_ARGUMENT, "select", o.select = NOT_UTF8);
  GET(ASKEL_S4_INVALID_ARGUMENT, "expand", o.expand = NOT_UTF8);
  GET(ASKEL_S4_INVALID_ARGUMENT, "timeout_ms", o.timeout_ms = INT64_MIN);
}

/** Prepares a read of sales orders of which one option is wrong. */
#define SALES(code, about, ...)                                                         \
  do {                                                                                  \
    askel_s4_sales_order_options o = ASKEL_S4_SALES_ORDER_OPTIONS_INIT;                 \
    askel_s4_cursor *cursor = POISON;                                                   \
    __VA_ARGS__;                                                                        \
    EXPECT((code), (about), askel_s4_sales_order_read(client, &o, &cursor, &error));    \
    CHECK("the output is NULL", cursor == NULL);                                        \
  } while (0)

void test_sales_orders(const askel_s4_client *client) {
  askel_s4_cursor *cursor = POISON;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "client", askel_s4_sales_order_read(NULL, NULL, &cursor, &error));
  CHECK("the output is NULL", cursor == NULL);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_cursor", askel_s4_sales_order_read(client, NULL, NULL, &error));
  SALES(ASKEL_S4_INVALID_ARGUMENT, "struct_size", o.struct_size = 1);
  SALES(ASKEL_S4_INVALID_ARGUMENT, "created_from", o.created_from = NOT_UTF8);
  SALES(ASKEL_S4_INVALID_ARGUMENT, "created_from", o.created_from = "yesterday");
  SALES(ASKEL_S4_INVALID_ARGUMENT, "created_from", o.created_from = "2026-02-30");
  SALES(ASKEL_S4_INVALID_ARGUMENT, "delivery", o.delivery = 3);
  SALES(ASKEL_S4_INVALID_ARGUMENT, "delivery", o.delivery = -1);
  SALES(ASKEL_S4_INVALID_ARGUMENT, "count", o.count = 9);
  SALES(ASKEL_S4_INVALID_ARGUMENT, "timeout_ms", o.timeout_ms = -1);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_sales_order_read(client, NULL, &cursor, &error));
  askel_s4_cursor_free(cursor);
}

static void test_cursor(askel_s4_cursor *cursor) {
  askel_s4_field field;
  askel_s4_view view;
  askel_s4_receipt receipt = ASKEL_S4_RECEIPT_INIT;
  CHECK("no rows yet", askel_s4_cursor_row_count(cursor) == 0);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "row", askel_s4_cursor_row(cursor, 0, &view, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "row", askel_s4_cursor_row(cursor, SIZE_MAX, &view, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_row", askel_s4_cursor_row(cursor, 0, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "row", askel_s4_cursor_field(cursor, 0, "SalesOrder", &field, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_field", askel_s4_cursor_field(cursor, 0, "SalesOrder", NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "receipt", askel_s4_cursor_receipt(cursor, NULL, &error));
  receipt.struct_size = 0;
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "struct_size", askel_s4_cursor_receipt(cursor, &receipt, &error));
  receipt.struct_size = sizeof receipt;
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_cursor_receipt(cursor, &receipt, &error));
  CHECK("nothing was proven yet", receipt.verdict == ASKEL_S4_VERDICT_READING && receipt.rows == 0);
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_call", askel_s4_cursor_next(cursor, NULL, &error));
}

void test_calls(const askel_s4_instance *instance, const askel_s4_client *client) {
  askel_s4_cursor *cursor = NULL;
  askel_s4_call *page = NULL, *check = NULL, *second = POISON;
  askel_s4_reply *reply = POISON;
  char *json = POISON;
  int32_t has_page = 7;
  NEED(askel_s4_sales_order_read(client, NULL, &cursor, &error));
  test_cursor(cursor);
  NEED(askel_s4_cursor_next(cursor, &page, &error));
  NEED(askel_s4_connection_check(instance, "silent", NULL, &check, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, NULL, askel_s4_cursor_next(cursor, &second, &error));
  CHECK("the output is NULL", second == NULL);
  EXPECT(ASKEL_S4_PENDING, NULL, askel_s4_call_wait(page, 0, &error));
  EXPECT(ASKEL_S4_PENDING, NULL, askel_s4_call_take_page(page, &has_page, &error));
  EXPECT(ASKEL_S4_PENDING, NULL, askel_s4_call_take_text(check, &json, &error));
  askel_s4_call_cancel(page);
  askel_s4_call_cancel(check);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(page, -1, &error));
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_call_wait(check, -1, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_text(page, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_reply(page, &reply, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_page(check, &has_page, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_json", askel_s4_call_take_text(check, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_has_page", askel_s4_call_take_page(page, NULL, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "out_reply", askel_s4_call_take_reply(page, NULL, &error));
  CHECK("the outputs are empty", json == NULL && reply == NULL && has_page == 0);
  EXPECT(ASKEL_S4_CANCELLED, NULL, askel_s4_call_take_page(page, &has_page, &error));
  EXPECT(ASKEL_S4_CANCELLED, NULL, askel_s4_call_take_text(check, &json, &error));
  EXPECT(ASKEL_S4_INVALID_ARGUMENT, "call", askel_s4_call_take_text(check, &json, &error));
  /* A read that was cancelled goes on with the same page. */
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_cursor_next(cursor, &second, &error));
  askel_s4_call_free(second);
  askel_s4_call_free(page);
  askel_s4_call_free(check);
  askel_s4_cursor_free(cursor);
}
