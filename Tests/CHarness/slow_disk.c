/* SPDX-License-Identifier: Apache-2.0
 *
 * A slow disk, for programs that it is preloaded into: each flush takes 400 ms.
 */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

static int slowly(void) {
  const struct timespec while_the_disk_turns = {0, 400000000};
  nanosleep(&while_the_disk_turns, NULL);
  return 0;
}

int fsync(int file) {
  (void)file;
  return slowly();
}

int fdatasync(int file) {
  (void)file;
  return slowly();
}
