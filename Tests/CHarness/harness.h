/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of the C harness share: counting checks, a directory for a vault, the sandbox's JSON line.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "askel_s4.h"

/* Defined by the program. */
extern int checks;
extern int failures;

/** Counts a check and reports one that does not hold. */
#define CHECK(what, holds)                                     \
  do {                                                         \
    checks++;                                                  \
    if (!(holds)) {                                            \
      failures++;                                              \
      fprintf(stderr, "line %d: not so: %s\n", __LINE__, what); \
    }                                                          \
  } while (0)

/** Counts a call that must end with `code`; frees its error. `about`, unless NULL, must stand in the message. */
static inline void expect(const char *what, askel_s4_status status, askel_s4_error *error, askel_s4_status code,
                          const char *about, int line) {
  const char *message = error ? askel_s4_error_message(error) : "";
  int right = status == code && (code == ASKEL_S4_OK ? error == NULL : error != NULL);
  if (right && error) right = askel_s4_error_code(error) == code && message[0] != '\0' && !strchr(message, '\n');
  if (right && about) right = strstr(message, about) != NULL;
  checks++;
  if (!right) {
    failures++;
    fprintf(stderr, "line %d: %s: status %d, wanted %d%s%s; message: %s\n", line, what, (int)status, (int)code,
            about ? " about " : "", about ? about : "", message);
  }
  askel_s4_error_free(error);
}

/** Calls a function whose last argument is `&error`. */
#define EXPECT(code, about, call)                             \
  do {                                                        \
    askel_s4_error *error = NULL;                             \
    askel_s4_status status_ = (call);                         \
    expect(#call, status_, error, (code), (about), __LINE__); \
  } while (0)

/** As EXPECT, for a call that the rest of the program cannot do without. */
#define NEED(call)                                                                                  \
  do {                                                                                              \
    askel_s4_error *error = NULL;                                                                   \
    if ((call) != ASKEL_S4_OK) {                                                                    \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #call, error ? askel_s4_error_message(error) : ""); \
      exit(2);                                                                                      \
    }                                                                                               \
  } while (0)

/** Prints the sum and gives the exit status. */
static inline int harness_end(const char *name) {
  printf("%s: %d checks, %d failed\n", name, checks, failures);
  return failures ? 1 : 0;
}

/** A new directory, and the paths of a vault and a key file in it. */
typedef struct place {
  char directory[256];
  char vault[300];
  char key[300];
} place;

static inline void place_make(place *p) {
  const char *parent = getenv("TMPDIR");
  snprintf(p->directory, sizeof p->directory, "%s/askel-s4-harness-XXXXXX", parent ? parent : P_tmpdir);
  if (!mkdtemp(p->directory)) {
    perror(p->directory);
    exit(2);
  }
  snprintf(p->vault, sizeof p->vault, "%s/vault.db", p->directory);
  snprintf(p->key, sizeof p->key, "%s/vault.key", p->directory);
}

static inline void place_remove(const place *p) {
  static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
  char path[320];
  size_t i;
  for (i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
    snprintf(path, sizeof path, "%s%s", p->vault, suffixes[i]);
    unlink(path);
  }
  unlink(p->key);
  rmdir(p->directory);
}

/** Opens an instance in a place, with a key file that is made where absent. */
static inline askel_s4_instance *place_open(const place *p) {
  askel_s4_instance_options options = ASKEL_S4_INSTANCE_OPTIONS_INIT;
  askel_s4_instance *instance = NULL;
  if (access(p->key, F_OK) != 0) NEED(askel_s4_key_file_create(p->key, &error));
  options.vault_path = p->vault;
  options.key_file = p->key;
  NEED(askel_s4_instance_open(&options, &instance, &error));
  return instance;
}

/** The values of the sandbox's JSON line. */
typedef struct tenant {
  char api_url[200], control_url[200], token_url[300], ca_file[400], client_id[200], client_secret[200], today[20];
} tenant;

/** Takes a text member out of the line. Good for this line alone: its texts hold no escape and no nested object. */
static inline void tenant_member(const char *line, const char *name, char *value, size_t size) {
  char pattern[64];
  const char *start, *end;
  snprintf(pattern, sizeof pattern, "\"%s\": \"", name);
  start = strstr(line, pattern);
  end = start ? strchr(start + strlen(pattern), '"') : NULL;
  if (!end || (size_t)(end - start) - strlen(pattern) >= size) {
    fprintf(stderr, "the sandbox's line has no usable \"%s\"\n", name);
    exit(2);
  }
  start += strlen(pattern);
  memcpy(value, start, (size_t)(end - start));
  value[end - start] = '\0';
}

static inline void tenant_read(tenant *t, const char *path) {
  char line[4096];
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, sizeof line, file)) {
    fprintf(stderr, "%s holds no line of the sandbox\n", path);
    exit(2);
  }
  fclose(file);
  tenant_member(line, "api_url", t->api_url, sizeof t->api_url);
  tenant_member(line, "control_url", t->control_url, sizeof t->control_url);
  tenant_member(line, "token_url", t->token_url, sizeof t->token_url);
  tenant_member(line, "ca_file", t->ca_file, sizeof t->ca_file);
  tenant_member(line, "client_id", t->client_id, sizeof t->client_id);
  tenant_member(line, "client_secret", t->client_secret, sizeof t->client_secret);
  tenant_member(line, "today", t->today, sizeof t->today);
}

static inline void tenant_put(const tenant *t, const askel_s4_instance *instance, const char *id) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  options.id = id;
  options.host = t->api_url;
  options.token_url = t->token_url;
  options.client_id = t->client_id;
  options.client_secret = t->client_secret;
  options.allow_host = "localhost";
  options.ca_file = t->ca_file;
  NEED(askel_s4_connection_put(instance, &options, &error));
}

static inline askel_s4_client *client_of(const askel_s4_instance *instance, const char *id) {
  askel_s4_client_options options = ASKEL_S4_CLIENT_OPTIONS_INIT;
  askel_s4_client *client = NULL;
  options.connection = id;
  NEED(askel_s4_client_open(instance, &options, &client, &error));
  return client;
}

/** Stores a connection to a host that accepts and never answers, so that its calls run until somebody ends them.
 *  @return the listening socket */
static inline int silent_put(const askel_s4_instance *instance, const char *id) {
  askel_s4_connection_options options = ASKEL_S4_CONNECTION_OPTIONS_INIT;
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  char host[64], token_url[96];
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
    perror("a listening socket");
    exit(2);
  }
  snprintf(host, sizeof host, "localhost:%d", (int)ntohs(address.sin_port));
  snprintf(token_url, sizeof token_url, "https://%s/oauth/token", host);
  options.id = id;
  options.host = host;
  options.token_url = token_url;
  options.client_id = "client";
  options.client_secret = "secret";
  options.allow_host = "localhost";
  NEED(askel_s4_connection_put(instance, &options, &error));
  return listener;
}

#endif /* HARNESS_H */
