/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of vault_work share.
 */
#ifndef VAULT_WORK_H
#define VAULT_WORK_H

#include <askel_s4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ASKEL_S4_ROTATE_OPTIONS_INIT
#define HAS_ROTATION
#pragma weak askel_s4_vault_rotate_key
#pragma weak askel_s4_connection_stage
#pragma weak askel_s4_connection_promote
#pragma weak askel_s4_connection_retire
#endif

enum { WRONG = 1, UNABLE = 77, CONNECTIONS = 20, SHARED = 4, WRITTEN = 5 };

extern const char *vault_path, *key_path, *other_path;
extern int reads_only;

/** Prints what went wrong and ends the process. */
void fail(const char *format, ...);

/* Makes a call whose last argument is `&error`. */
#define MUST(what, call)                                                                                     \
  do {                                                                                                       \
    askel_s4_error *error = NULL;                                                                            \
    askel_s4_status status_ = (call);                                                                        \
    if (status_ != ASKEL_S4_OK) fail("error %d %s: %s", (int)status_, what, askel_s4_error_message(error)); \
  } while (0)

/** Opens the vault; the other key is one that may open it too. */
askel_s4_status try_open(askel_s4_instance **instance, askel_s4_error **error);
askel_s4_instance *open_vault(void);

/** Prints a line with one write: what is acknowledged and what is not stays apart, whenever the process is killed. */
void acknowledge(const char *what, const char *id, long value);

double now(void);

/** What a connection is given: all of it names the same number and generation. */
typedef struct values {
  char id[64], host[80], token_url[160], client_id[64], secret[64], scope[64];
} values;

values values_of(const char *id, long number, long generation);
void must_put(const askel_s4_instance *instance, const char *id, long number, long generation);
/** Writes the name of a connection; 32 bytes are enough. */
const char *name_of(char *name, long number);
/** Whether the JSON object at `json` describes these values and this generation. */
int describes(const char *json, const values *v, long generation);
/** Opens and frees a client. */
askel_s4_status open_client(const askel_s4_instance *instance, const char *id, askel_s4_error **error);

#ifdef HAS_ROTATION
askel_s4_key key_of(const char *path);
void rotate_key(const askel_s4_instance *instance, askel_s4_progress_fn progress);
#endif

void write_for_ever(long value);
void stage_for_ever(long value, const char *line_file);
void rotate(void);
void rekey(void);
void crowd(double seconds, int threads, int process, unsigned seed, int rotates);
void copy(const char *to);
void damage_copies(char **arguments);

#endif /* VAULT_WORK_H */
