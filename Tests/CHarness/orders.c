/* SPDX-License-Identifier: Apache-2.0
 *
 * The job of the demo through the header alone: store a connection, prove it, read the open orders of the last 30 days
 * and the items of those that are partially delivered; then create an order, change it and delete it.
 *
 *   orders SANDBOX_LINE_FILE [ROWS]
 *
 * With ROWS, only so many rows are read, in pages of a tenth of that: for valgrind, and for the general read function.
 */
#define _XOPEN_SOURCE 700
#include <time.h>

#include "harness.h"

int checks = 0;
int failures = 0;

enum { OPEN_ORDERS = 4200, WINDOW_DAYS = 30 };

typedef struct sums {
  size_t rows, items;
  double value; /* for show only: money is not for doubles */
} sums;

static void created_from(const char *today, char *day, size_t size) {
  struct tm date;
  memset(&date, 0, sizeof date);
  if (sscanf(today, "%d-%d-%d", &date.tm_year, &date.tm_mon, &date.tm_mday) != 3) exit(2);
  date.tm_year -= 1900;
  date.tm_mon -= 1;
  date.tm_mday -= WINDOW_DAYS;
  date.tm_hour = 12;
  date.tm_isdst = -1;
  if (mktime(&date) == (time_t)-1 || strftime(day, size, "%Y-%m-%d", &date) == 0) exit(2);
}

static askel_s4_cursor *read_some(const askel_s4_client *client, const char *since, const char *delivery,
                                  const char *expand, uint64_t rows) {
  askel_s4_read_options options = ASKEL_S4_READ_OPTIONS_INIT;
  askel_s4_param params[3];
  askel_s4_cursor *cursor = NULL;
  memset(params, 0, sizeof params);
  params[0].type = ASKEL_S4_PARAM_DATE;
  params[0].text = since;
  params[1].type = ASKEL_S4_PARAM_TEXT;
  params[1].text = "C";
  params[2].type = ASKEL_S4_PARAM_TEXT;
  params[2].text = delivery;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.filter = delivery ? "CreationDate ge ? and OverallSDProcessStatus ne ? and OverallDeliveryStatus eq ?"
                            : "CreationDate ge ? and OverallSDProcessStatus ne ?";
  options.params = params;
  options.param_count = delivery ? 3 : 2;
  options.expand = expand;
  options.top = rows;
  options.page_size = (uint32_t)(rows / 10 + 1);
  options.count = ASKEL_S4_COUNT_TRY;
  NEED(askel_s4_client_read(client, &options, &cursor, &error));
  return cursor;
}

static askel_s4_cursor *read_all(const askel_s4_client *client, const char *since, int partials) {
  askel_s4_sales_order_options options = ASKEL_S4_SALES_ORDER_OPTIONS_INIT;
  askel_s4_cursor *cursor = NULL;
  options.created_from = since;
  options.delivery = partials ? ASKEL_S4_DELIVERY_PARTIAL : ASKEL_S4_DELIVERY_ANY;
  options.with_items = partials;
  NEED(askel_s4_sales_order_read(client, &options, &cursor, &error));
  return cursor;
}

/** Counts how often a text stands in a view. */
static size_t occurrences(askel_s4_view view, const char *text) {
  size_t length = strlen(text), found = 0, i;
  for (i = 0; i + length <= view.size; i++) found += memcmp(view.data + i, text, length) == 0;
  return found;
}

static void take_row(askel_s4_cursor *cursor, size_t row, int partials, sums *total) {
  askel_s4_field field;
  askel_s4_view json;
  char number[64];
  NEED(askel_s4_cursor_field(cursor, row, "TotalNetAmount", &field, &error));
  CHECK("a net amount is a number", field.kind == ASKEL_S4_FIELD_NUMBER && field.text.size < sizeof number);
  snprintf(number, sizeof number, "%.*s", (int)field.text.size, field.text.data);
  total->value += strtod(number, NULL);
  NEED(askel_s4_cursor_field(cursor, row, "RequestedDeliveryDate", &field, &error));
  CHECK("a date is a date", field.kind == ASKEL_S4_FIELD_DATE_TIME || field.kind == ASKEL_S4_FIELD_NULL);
  NEED(askel_s4_cursor_field(cursor, row, "NoSuchProperty", &field, &error));
  CHECK("what is not there is absent", field.kind == ASKEL_S4_FIELD_ABSENT && field.text.size == 0);
  NEED(askel_s4_cursor_row(cursor, row, &json, &error));
  CHECK("a row is an object", json.size > 2 && json.data[0] == '{' && json.data[json.size - 1] == '}');
  if (partials) {
    NEED(askel_s4_cursor_field(cursor, row, "to_Item", &field, &error));
    CHECK("items are JSON", field.kind == ASKEL_S4_FIELD_JSON);
    total->items += occurrences(field.text, "\"RequestedQuantity\":");
  }
  total->rows++;
}

/** Reads to the end, prints the receipt and frees the cursor. @return whether the chain is proven */
static int drain(const char *label, askel_s4_cursor *cursor, int partials, sums *total) {
  askel_s4_receipt receipt = ASKEL_S4_RECEIPT_INIT;
  int32_t has_page = 1;
  size_t row;
  memset(total, 0, sizeof *total);
  for (;;) {
    NEED(askel_s4_cursor_next_wait(cursor, &has_page, &error));
    if (!has_page) break;
    for (row = 0; row < askel_s4_cursor_row_count(cursor); row++) take_row(cursor, row, partials, total);
  }
  NEED(askel_s4_cursor_receipt(cursor, &receipt, &error));
  printf("%s: %lu rows in %lu pages, %lu requests, %lu tokens minted, %lu of them never sent, %ld ms\n  %.*s\n", label,
         (unsigned long)receipt.rows, (unsigned long)receipt.pages, (unsigned long)receipt.requests,
         (unsigned long)receipt.mints, (unsigned long)receipt.mints_unused, (long)receipt.elapsed_ms,
         (int)receipt.text.size, receipt.text.data);
  CHECK("the receipt counts the rows", receipt.rows == total->rows);
  CHECK("at most one token is never sent", receipt.mints_unused <= 1);
  askel_s4_cursor_free(cursor);
  return receipt.verdict == ASKEL_S4_VERDICT_COMPLETE_COUNTED || receipt.verdict == ASKEL_S4_VERDICT_CHAIN_UNBROKEN;
}

/** Writes with the options that are given. @return the answer, or NULL where it ended with `code` */
static askel_s4_reply *write_one(const askel_s4_client *client, const askel_s4_write_options *options,
                                 askel_s4_status code, const char *about) {
  askel_s4_reply *reply = NULL;
  EXPECT(code, about, askel_s4_client_write_wait(client, options, &reply, &error));
  CHECK("an answer comes with a success alone", (reply != NULL) == (code == ASKEL_S4_OK));
  return reply;
}

/** Gets an order and copies its ETag. */
static void etag_of(const askel_s4_client *client, const askel_s4_param *number, char *etag, size_t size,
                    askel_s4_status code) {
  askel_s4_get_options options = ASKEL_S4_GET_OPTIONS_INIT;
  askel_s4_reply *reply = NULL;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.key = "?";
  options.params = number;
  options.param_count = 1;
  EXPECT(code, NULL, askel_s4_client_get_wait(client, &options, &reply, &error));
  snprintf(etag, size, "%s", reply ? askel_s4_reply_etag(reply) : "");
  askel_s4_reply_free(reply);
}

/** Creates an order with an item, changes it, meets its own change, and deletes it. */
static void write_order(const askel_s4_client *client) {
  static const char order[] =
      "{\"SalesOrderType\":\"OR\",\"SalesOrganization\":\"1010\",\"DistributionChannel\":\"10\","
      "\"OrganizationDivision\":\"00\",\"SoldToParty\":\"10100001\",\"PurchaseOrderByCustomer\":\"C harness\","
      "\"to_Item\":[{\"Material\":\"NM-1000\",\"RequestedQuantity\":\"2\"}]}";
  static const char change[] = "{\"PurchaseOrderByCustomer\":\"changed\"}";
  askel_s4_write_options options = ASKEL_S4_WRITE_OPTIONS_INIT;
  askel_s4_param param = {ASKEL_S4_PARAM_TEXT, 0, NULL};
  askel_s4_reply *created, *answer;
  askel_s4_field field;
  char number[32], etag[256], other[256];

  options.kind = ASKEL_S4_WRITE_CREATE;
  options.service = "API_SALES_ORDER_SRV";
  options.entity_set = "A_SalesOrder";
  options.body = order;
  options.body_size = sizeof order - 1;
  created = write_one(client, &options, ASKEL_S4_OK, NULL);
  if (!created) return;
  CHECK("a new order is 201", askel_s4_reply_http_status(created) == 201 && askel_s4_reply_etag(created)[0]);
  NEED(askel_s4_reply_field(created, "SalesOrder", &field, &error));
  snprintf(number, sizeof number, "%.*s", (int)field.text.size, field.text.data);
  CHECK("its header names it", number[0] && strstr(askel_s4_reply_header(created, "Location"), number));
  CHECK("what is no header is empty", askel_s4_reply_header(created, "x-none")[0] == '\0');
  CHECK("NULL is no header", askel_s4_reply_header(created, NULL)[0] == '\0');

  param.text = number;
  etag_of(client, &param, etag, sizeof etag, ASKEL_S4_OK);
  options.kind = ASKEL_S4_WRITE_UPDATE;
  options.key = "?";
  options.params = &param;
  options.param_count = 1;
  options.body = change;
  options.body_size = sizeof change - 1;
  options.etag = etag;
  answer = write_one(client, &options, ASKEL_S4_OK, NULL);
  CHECK("an update is 204", askel_s4_reply_http_status(answer) == 204);
  CHECK("and has no document", askel_s4_reply_document(answer).size == 0);
  EXPECT(ASKEL_S4_OK, NULL, askel_s4_reply_field(answer, "SalesOrder", &field, &error));
  CHECK("nor a field", field.kind == ASKEL_S4_FIELD_ABSENT);
  askel_s4_reply_free(answer);
  write_one(client, &options, ASKEL_S4_PRECONDITION_FAILED, NULL);

  options.kind = ASKEL_S4_WRITE_DELETE;
  options.body = NULL;
  options.body_size = 0;
  write_one(client, &options, ASKEL_S4_PRECONDITION_FAILED, NULL);
  etag_of(client, &param, other, sizeof other, ASKEL_S4_OK);
  CHECK("a change changes the ETag", strcmp(etag, other) != 0);
  options.etag = other;
  askel_s4_reply_free(write_one(client, &options, ASKEL_S4_OK, NULL));
  etag_of(client, &param, other, sizeof other, ASKEL_S4_NOT_FOUND);
  printf("order %s was created, changed and deleted\n", number);
  askel_s4_reply_free(created);
}

int main(int argc, char **argv) {
  uint64_t rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
  tenant sandbox;
  place p;
  char day[20], *json = NULL;
  sums open, partial;
  askel_s4_instance *instance;
  askel_s4_client *client;
  if (argc < 2) {
    fprintf(stderr, "usage: orders SANDBOX_LINE_FILE [ROWS]\n");
    return 2;
  }
  tenant_read(&sandbox, argv[1]);
  created_from(sandbox.today, day, sizeof day);
  place_make(&p);
  instance = place_open(&p);
  tenant_put(&sandbox, instance, "nordvik");
  NEED(askel_s4_connection_check_wait(instance, "nordvik", NULL, &json, &error));
  printf("checked: %s\n", json);
  askel_s4_string_free(json);
  client = client_of(instance, "nordvik");

  CHECK("the order read is proven",
        drain("open orders", rows ? read_some(client, day, NULL, NULL, rows) : read_all(client, day, 0), 0, &open));
  CHECK("every order came", open.rows == (rows ? rows : (uint64_t)OPEN_ORDERS));
  CHECK("the item read is proven",
        drain("partially delivered",
              rows ? read_some(client, day, "B", "to_Item/to_ScheduleLine", rows) : read_all(client, day, 1), 1,
              &partial));
  CHECK("partially delivered orders have items", partial.rows > 0 && partial.items >= partial.rows);
  printf("%lu open orders of about %.2f in all currencies; %lu partially delivered with %lu items\n",
         (unsigned long)open.rows, open.value, (unsigned long)partial.rows, (unsigned long)partial.items);
  write_order(client);

  askel_s4_client_free(client);
  askel_s4_instance_close(instance);
  place_remove(&p);
  return harness_end("orders");
}
