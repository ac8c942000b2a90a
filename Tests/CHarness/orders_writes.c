/* SPDX-License-Identifier: Apache-2.0
 *
 * The writing part of the job: one document, an operation, and a request of the product's own.
 */
#define _XOPEN_SOURCE 700
#include "orders.h"

#include "harness.h"

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

/** Says by a request to the sandbox's control endpoint whether new orders wait for an approval. */
static void let_orders_wait(const askel_s4_client *control, int wait) {
  askel_s4_request_options options = ASKEL_S4_REQUEST_OPTIONS_INIT;
  askel_s4_header header = {"Prefer", "return=minimal"};
  askel_s4_reply *reply = NULL;
  options.method = "POST";
  options.path = "/settings";
  options.headers = &header;
  options.header_count = 1;
  options.body = wait ? "{\"approval_on_create\":\"A\"}" : "{\"approval_on_create\":\"\"}";
  options.body_size = strlen(options.body);
  NEED(askel_s4_client_request_wait(control, &options, &reply, &error));
  CHECK("a request of the product's own is answered", askel_s4_reply_http_status(reply) == 200);
  CHECK("with what the server said", askel_s4_reply_document(reply).size > 2);
  askel_s4_reply_free(reply);
}

/** Ends the approval request of an order, by a function import; a second time there is none. */
static void release_order(const askel_s4_client *client, const askel_s4_param *number) {
  askel_s4_invoke_options options = ASKEL_S4_INVOKE_OPTIONS_INIT;
  askel_s4_reply *reply = NULL;
  askel_s4_field field;
  options.service = "API_SALES_ORDER_SRV";
  options.operation = "releaseApprovalRequest";
  options.arguments = "SalesOrder=?";
  options.argument_params = number;
  options.argument_param_count = 1;
  NEED(askel_s4_client_invoke_wait(client, &options, &reply, &error));
  NEED(askel_s4_reply_field(reply, "Boolean", &field, &error));
  CHECK("the order is released", field.kind == ASKEL_S4_FIELD_BOOLEAN && field.text.size == 4);
  askel_s4_reply_free(reply);
  EXPECT(ASKEL_S4_SERVICE_ERROR, "approval", askel_s4_client_invoke_wait(client, &options, &reply, &error));
  CHECK("without an answer", !reply);
  options.operation = "release";
  EXPECT(ASKEL_S4_NOT_FOUND, "release", askel_s4_client_invoke_wait(client, &options, &reply, &error));
}

/** Gets the same order from the service of OData V4, and changes it there. */
static void change_in_v4(const askel_s4_client *client, const askel_s4_param *number) {
  static const char service[] = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001";
  static const char change[] = "{\"PurchaseOrderByCustomer\":\"by V4\"}";
  askel_s4_get_options get = ASKEL_S4_GET_OPTIONS_INIT;
  askel_s4_write_options write = ASKEL_S4_WRITE_OPTIONS_INIT;
  askel_s4_reply *found = NULL, *answer;
  askel_s4_field field;
  get.service = write.service = service;
  get.entity_set = write.entity_set = "SalesOrder";
  get.key = write.key = "?";
  get.params = write.params = number;
  get.param_count = write.param_count = 1;
  NEED(askel_s4_client_get_wait(client, &get, &found, &error));
  write.kind = ASKEL_S4_WRITE_UPDATE;
  write.etag = askel_s4_reply_etag(found);
  write.body = change;
  write.body_size = sizeof change - 1;
  answer = write_one(client, &write, ASKEL_S4_OK, NULL);
  askel_s4_reply_free(answer);
  write_one(client, &write, ASKEL_S4_PRECONDITION_FAILED, NULL);
  askel_s4_reply_free(found);
  NEED(askel_s4_client_get_wait(client, &get, &found, &error));
  NEED(askel_s4_reply_field(found, "PurchaseOrderByCustomer", &field, &error));
  CHECK("a document of V4 is changed", field.text.size == 5 && memcmp(field.text.data, "by V4", 5) == 0);
  askel_s4_reply_free(found);
}

void write_order(const askel_s4_client *client, const askel_s4_client *control) {
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
  let_orders_wait(control, 1);
  created = write_one(client, &options, ASKEL_S4_OK, NULL);
  if (!created) return;
  CHECK("a new order is 201", askel_s4_reply_http_status(created) == 201 && askel_s4_reply_etag(created)[0]);
  NEED(askel_s4_reply_field(created, "SalesOrder", &field, &error));
  snprintf(number, sizeof number, "%.*s", (int)field.text.size, field.text.data);
  CHECK("its header names it", number[0] && strstr(askel_s4_reply_header(created, "Location"), number));
  CHECK("what is no header is empty", askel_s4_reply_header(created, "x-none")[0] == '\0');
  CHECK("NULL is no header", askel_s4_reply_header(created, NULL)[0] == '\0');

  param.text = number;
  release_order(client, &param);
  let_orders_wait(control, 0);
  change_in_v4(client, &param);
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
  printf("order %s was created, released, changed and deleted\n", number);
  askel_s4_reply_free(created);
}
