/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of orders.
 */
#ifndef ORDERS_H
#define ORDERS_H

#include "askel_s4.h"

/** Creates an order with an item, releases it, changes it, meets its own change, and deletes it.
 *  @param control of the sandbox's control endpoint */
void write_order(const askel_s4_client *client, const askel_s4_client *control);

#endif /* ORDERS_H */
