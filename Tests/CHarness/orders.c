/* SPDX-License-Identifier: Apache-2.0
 *
 * The job of the demo through the header alone: store a connection, prove it, read the open orders of the last 30 days
 * and the items of those that are partially delivered; then create an order, release it, change it in both
 * versions of its service, and delete it (orders_writes.c).
 *
 *   orders SANDBOX_LINE_FILE [ROWS]
 *
 * With ROWS, only so many rows are read, in pages of a tenth of that: for valgrind, and for the general read function.
 */
#define _XOPEN_SOURCE 700
#include <time.h>

#include "harness.h"
#include "orders.h"

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

int main(int argc, char **argv) {
  uint64_t rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
  tenant sandbox;
  place p;
  char day[20], *json = NULL;
  sums open, partial;
  askel_s4_instance *instance;
  askel_s4_client *client, *control;
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

  /* The control endpoint of the sandbox stands for a REST service of the customer's. */
  strcpy(sandbox.api_url, sandbox.control_url);
  tenant_put(&sandbox, instance, "control");
  control = client_of(instance, "control");
  write_order(client, control);

  askel_s4_client_free(control);
  askel_s4_client_free(client);
  askel_s4_instance_close(instance);
  place_remove(&p);
  return harness_end("orders");
}
