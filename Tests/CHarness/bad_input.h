/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of bad_input, one for each section of the header.
 */
#ifndef BAD_INPUT_H
#define BAD_INPUT_H

#include "askel_s4.h"

/** A Latin-1 letter, which is no UTF-8. */
#define NOT_UTF8 "M\xfcller"
/** What an output holds before a call, to see that the call sets it. */
#define POISON ((void *)1)

void test_connections(const askel_s4_instance *instance);
void test_clients(const askel_s4_instance *instance);
void test_reads(const askel_s4_client *client);
void test_gets(const askel_s4_client *client);
void test_writes(const askel_s4_client *client);
void test_operations(const askel_s4_client *client);
void test_sales_orders(const askel_s4_client *client);
void test_calls(const askel_s4_instance *instance, const askel_s4_client *client);

#endif /* BAD_INPUT_H */
