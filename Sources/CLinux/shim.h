/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the Glibc module of Swift leaves out. */
#include <sys/eventfd.h>
