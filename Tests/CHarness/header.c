/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiled only: the header alone, twice, with each of its ..._INIT macros and blocking functions in use.
 */
#include "askel_s4.h"
#include "askel_s4.h"

int header_compiles(void);

int header_compiles(void) {
  askel_s4_instance_options instance = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  askel_s4_connection_options connection = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  askel_s4_check_options check = ASKEL_S4_CHECK_OPTIONS_INIT;
  askel_s4_client_options client = ASKEL_S4_CLIENT_OPTIONS_INIT;
  askel_s4_read_options read = ASKEL_S4_READ_OPTIONS_INIT;
  askel_s4_receipt receipt = ASKEL_S4_RECEIPT_INIT;
  askel_s4_get_options get = ASKEL_S4_GET_OPTIONS_INIT;
  askel_s4_write_options write = ASKEL_S4_WRITE_OPTIONS_INIT;
  askel_s4_sales_order_options orders = ASKEL_S4_SALES_ORDER_OPTIONS_INIT;
  int32_t has_page = 0;
  askel_s4_status status = askel_s4_connection_check_wait(NULL, NULL, &check, NULL, NULL);
  status |= askel_s4_cursor_next_wait(NULL, &has_page, NULL);
  status |= askel_s4_client_get_wait(NULL, &get, NULL, NULL);
  status |= askel_s4_client_write_wait(NULL, &write, NULL, NULL);
  return status != ASKEL_S4_OK && instance.struct_size && connection.struct_size && client.struct_size &&
         read.struct_size && receipt.struct_size && orders.struct_size && ASKEL_S4_VERSION_NUMBER >= 0;
}
