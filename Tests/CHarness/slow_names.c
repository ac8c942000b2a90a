/* SPDX-License-Identifier: Apache-2.0
 *
 * Names that are slow to resolve, for programs that this is preloaded into: below ".slow.test" a lookup hangs for
 * SLOW_NAMES_MS (default 30000) and then finds nothing, every other name below ".test" is 127.0.0.1 at once. Names below
 * ".s4hana.cloud.sap" are at SLOW_NAMES_ADDRESSES, separated by commas. Each lookup appends its name to the file
 * SLOW_NAMES_LOG.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void note(const char *name) {
  const char *path = getenv("SLOW_NAMES_LOG");
  char line[300];
  int file;
  if (path == NULL || (file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) return;
  snprintf(line, sizeof line, "%s\n", name);
  if (write(file, line, strlen(line)) < 0) perror("slow_names");
  close(file);
}

/* Several addresses as one list: the real function makes each, so that freeaddrinfo takes them. */
static int several(lookup *real, const char *list, const struct addrinfo *hints, struct addrinfo **found) {
  char copy[1000], *rest = copy, *one;
  struct addrinfo numeric = *hints, **end = found;
  numeric.ai_flags = AI_NUMERICHOST;
  snprintf(copy, sizeof copy, "%s", list);
  *found = NULL;
  while ((one = strsep(&rest, ",")) != NULL) {
    if (real(one, NULL, &numeric, end) != 0) return EAI_FAIL;
    while (*end != NULL) end = &(*end)->ai_next;
  }
  return 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  lookup *real = NULL;
  const char *inside = getenv("SLOW_NAMES_ADDRESSES");
  const int is_ours = name != NULL && (ends_with(name, ".test") || (ends_with(name, ".s4hana.cloud.sap") && inside));
  *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  if (!is_ours || hints == NULL || (hints->ai_flags & AI_NUMERICHOST) != 0)
    return real(name, service, hints, found);
  note(name);
  if (ends_with(name, ".slow.test")) {
    const char *ms = getenv("SLOW_NAMES_MS");
    const long long all = ms == NULL ? 30000 : atoll(ms);
    struct timespec rest = {(time_t)(all / 1000), (long)(all % 1000) * 1000000};
    while (nanosleep(&rest, &rest) != 0) continue;
    return EAI_AGAIN;
  }
  return several(real, ends_with(name, ".test") ? "127.0.0.1" : inside, hints, found);
}
