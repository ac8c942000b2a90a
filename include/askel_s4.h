/* askel_s4.h - libaskel_s4: connect a product to its customers' SAP S/4HANA Cloud tenants.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * This header is the manual. It is C99 and C++11 clean and needs nothing but the C library.
 *
 * Sections: version - status and errors - callbacks - keys and stores - instance - vault - audit trail - call -
 * connections - client - parameters - reading - one document - writing, operations - any request - sales orders -
 * blocking conveniences.
 *
 * The job in six calls (the static inline `..._wait` functions block; everything else returns at once):
 *
 *   askel_s4_key_file_create    once: makes the key that the vault will be sealed under
 *   askel_s4_instance_open      opens the vault under its key and makes the library ready
 *   askel_s4_connection_put     stores a customer's credential, sealed
 *   askel_s4_client_open        opens that connection for work
 *   askel_s4_client_read        prepares a read; askel_s4_cursor_next_wait brings page after page
 *   askel_s4_cursor_receipt     says what was proven about the rows that came
 *
 * What was opened is freed by its own _free or _close, in any order.
 *
 * CONVENTIONS
 *
 * Status      Functions that can end badly return askel_s4_status: 0 is ASKEL_S4_OK, every other value is a failure
 *             whose details are in the error object. The numbers never change. @return lists what a
 *             function gives; HOST_UNFIT (no memory, OpenSSL refuses) and INTERNAL may come from any.
 * Errors      `askel_s4_error **out_error` is always last and may be NULL. On failure it receives an object that is
 *             yours to free; on success it is set to NULL. There is no "last error".
 * Outputs     `T **out_x` is yours to free with the function that the comment names. Outputs are set to NULL or 0 at
 *             entry and filled only on success. A `const` pointer that comes back is borrowed: the comment says until
 *             when.
 * Text        All text is UTF-8 and ends with a NUL byte unless it comes as an askel_s4_view. Administrative results
 *             are JSON text with the shape that the comment gives; unknown members may be added, none are taken away.
 * Structs     Option structs begin with `struct_size`: set them from their ..._INIT macro. Zero (or NULL) in any other
 *             member means the default. Members are only ever appended.
 * Threads     A function that takes a pointer to `const` may be called from several threads at once. One that takes a
 *             plain pointer wants one thread at a time for that object. askel_s4_call_cancel may be called from any
 *             thread at any time before the call is freed.
 * Lifetime    Objects hold what they need alive: free them in any order. Every free and close takes NULL.
 * Waiting     Every operation that talks to a tenant returns an askel_s4_call at once. Wait for its descriptor to
 *             become readable (poll, epoll, asyncio, Go's poller) or call askel_s4_call_wait; then take the result.
 *             Nothing else blocks on the network.
 * Callbacks   Nothing of yours is ever run on a thread of ours. The callbacks of a key service, of a store and of a
 *             progress run only inside a call of yours, on its thread, with no lock held; they may take their time.
 *             They return 0 to go on. What the library has to tell by itself comes through the event queue.
 * fork        After fork() without exec(), objects inherited by the child answer ASKEL_S4_FORKED and may only be
 *             freed. Open a new instance in the child; it may use the same vault. (When the host itself uses SQLite in
 *             another thread at that moment, SQLite's own locks may be held in the child: fork early, or exec.)
 * The host    The library installs no signal handler, writes nothing to stdout or stderr, and obeys no environment
 *             variable: https_proxy changes nothing, and where SSLKEYLOGFILE is set libcurl makes that file, but no
 *             key is written to it. (OpenSSL itself reads OPENSSL_CONF when the host has not loaded it before.)
 */
#ifndef ASKEL_S4_H
#define ASKEL_S4_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------------------
 * Version
 * --------------------------------------------------------------------------------------------------------------- */

/** Version of this header. The library's own is askel_s4_version(). */
#define ASKEL_S4_VERSION_MAJOR 0
#define ASKEL_S4_VERSION_MINOR 1
#define ASKEL_S4_VERSION_PATCH 0
#define ASKEL_S4_VERSION_NUMBER (ASKEL_S4_VERSION_MAJOR * 10000 + ASKEL_S4_VERSION_MINOR * 100 + ASKEL_S4_VERSION_PATCH)

/** Gives the version of the loaded library as text, for example "0.1.0".
 *  @return borrowed for the life of the process; never NULL. Safe from any thread. */
const char *askel_s4_version(void);

/** Gives the version of the loaded library as major * 10000 + minor * 100 + patch.
 *  A binding compares it with the ASKEL_S4_VERSION_NUMBER that it was written for. Safe from any thread. */
uint32_t askel_s4_version_number(void);

/* ------------------------------------------------------------------------------------------------------------------
 * Status and errors
 * --------------------------------------------------------------------------------------------------------------- */

/** What a function came to. 0 is success. The names say what the caller does next. */
typedef int32_t askel_s4_status;

enum {
  ASKEL_S4_OK = 0,
  /** The call is wrong: the message names the argument. Mend the program. */
  ASKEL_S4_INVALID_ARGUMENT = 1,
  /** The instance was closed. Open a new one. */
  ASKEL_S4_CLOSED = 2,
  /** The object was made before fork(). Open a new instance in this process. */
  ASKEL_S4_FORKED = 3,
  /** askel_s4_call_cancel ended the operation. */
  ASKEL_S4_CANCELLED = 4,
  /** The deadline passed before the answer was complete. Try again later or give more time. */
  ASKEL_S4_TIMED_OUT = 5,
  /** The call is still running: wait, then take its result again. */
  ASKEL_S4_PENDING = 6,
  /** There is no such connection, entity set or document. */
  ASKEL_S4_NOT_FOUND = 7,
  /** The object is not in the state that this needs (nothing is staged, another rotation is under way): the message
   *  says in which it is, and what to do first. */
  ASKEL_S4_CONFLICT = 8,
  /** The vault's file cannot be opened, read or written: the message says what to do with it. */
  ASKEL_S4_VAULT_UNAVAILABLE = 10,
  /** The key does not open this vault (any more: another process rotated it), the key file is not fit (mode, length),
   *  or the key service refused. Give the right key, or mend the service. */
  ASKEL_S4_VAULT_KEY_REFUSED = 11,
  /** A record of the vault does not prove genuine: damaged or tampered with. Restore the vault from a copy; where it is
   *  a connection's alone, putting or deleting that helps too, and where nobody knows whose, askel_s4_vault_discard. */
  ASKEL_S4_VAULT_CORRUPT = 12,
  /** The host or token URL is none that this connection may talk to. Mend the connection. */
  ASKEL_S4_HOST_REFUSED = 20,
  /** An answer pointed to another origin. It was not followed and no credential was sent there. */
  ASKEL_S4_ORIGIN_REFUSED = 21,
  /** The tenant rejected the credential: it expired, was changed, or never was right. It is not sent again until a new
   *  one is put or promoted, or a check is asked for. */
  ASKEL_S4_CREDENTIAL_EXPIRED = 30,
  /** The credential is good but this service is not open to it: look at the communication arrangement. */
  ASKEL_S4_UNAUTHORISED = 31,
  /** No usable answer: name resolution, network, or a 5xx. Try again later. */
  ASKEL_S4_UNREACHABLE = 40,
  /** The server's certificate or TLS version was not accepted. Check the host and the CA file. */
  ASKEL_S4_TLS_REFUSED = 41,
  /** The tenant asked to slow down (429): askel_s4_error_retry_after_s says for how long. */
  ASKEL_S4_THROTTLED = 42,
  /** A write may have reached the tenant, and no answer proves what became of it. It is never repeated by itself: read
   *  the document back first. */
  ASKEL_S4_UNKNOWN_OUTCOME = 43,
  /** SAP answered with an error: askel_s4_error_sap_code and the message are SAP's. */
  ASKEL_S4_SERVICE_ERROR = 50,
  /** The answer is a web page or another type than asked for: wrong host, or a login page in between. */
  ASKEL_S4_NOT_ODATA = 51,
  /** The answer is cut off, or not what its type says. No row of it was delivered. */
  ASKEL_S4_MALFORMED_ANSWER = 52,
  /** The pages do not add up (repeated link, doubled row, short count). The rows so far are no complete set. */
  ASKEL_S4_READ_INCONSISTENT = 53,
  /** The answer passes a size limit of the client. Ask for smaller pages or raise the limit. */
  ASKEL_S4_TOO_LARGE = 54,
  /** The document was changed since its ETag was read (412); nothing was written. Read it again, and decide anew. */
  ASKEL_S4_PRECONDITION_FAILED = 55,
  /** The tenant writes this document with its ETag alone (428); nothing was written. */
  ASKEL_S4_PRECONDITION_REQUIRED = 56,
  /** The host process cannot carry the library (memory, descriptors, threads, another TLS library). */
  ASKEL_S4_HOST_UNFIT = 60,
  /** A defect of this library: please report it. */
  ASKEL_S4_INTERNAL = 99
};

/** What became of the operation at the tenant when it failed. */
enum {
  /** Nothing was sent. */
  ASKEL_S4_OUTCOME_NOT_SENT = 0,
  /** It was sent, and the answer proves that it was not carried out. */
  ASKEL_S4_OUTCOME_NOT_PROCESSED = 1,
  /** It was carried out, and something went wrong afterwards. */
  ASKEL_S4_OUTCOME_PROCESSED = 2,
  /** It was sent, and nothing proves whether it was carried out. Harmless for a read. */
  ASKEL_S4_OUTCOME_UNKNOWN = 3
};

/** Why a function failed. Immutable; text that its functions give is borrowed until askel_s4_error_free. */
typedef struct askel_s4_error askel_s4_error;

/** Gives the error's status code. @return a value other than ASKEL_S4_OK; ASKEL_S4_INVALID_ARGUMENT for NULL. */
askel_s4_status askel_s4_error_code(const askel_s4_error *error);
/** Gives one line: what happened, with which value, and what to do. Never a secret or a token. @return never NULL. */
const char *askel_s4_error_message(const askel_s4_error *error);
/** Gives what became of the operation at the tenant. @return an ASKEL_S4_OUTCOME_ value. */
int32_t askel_s4_error_outcome(const askel_s4_error *error);
/** Says whether the same call may succeed later without any change. @return 1 or 0. */
int32_t askel_s4_error_retryable(const askel_s4_error *error);
/** Gives the HTTP status of the answer. @return 100..599, or 0 where no answer came. */
int32_t askel_s4_error_http_status(const askel_s4_error *error);
/** Gives the code in the answer: SAP's (for example "/IWBEP/CM_MGW_RT/020") or the token endpoint's (for example
 *  "invalid_client"). Decide on this and not on the message, which comes in the logon language.
 *  @return never NULL; "" where there is none. Source: OData V2 JSON Format section 6, RFC 6749 section 5.2. */
const char *askel_s4_error_sap_code(const askel_s4_error *error);
/** Gives what the error is about: an argument's name, a property, a service path. @return never NULL; may be "". */
const char *askel_s4_error_target(const askel_s4_error *error);
/** Gives SAP's further messages as a JSON array of {"code","message","severity","target"}.
 *  @return never NULL; "[]" where there are none. */
const char *askel_s4_error_details(const askel_s4_error *error);
/** Gives the seconds that the tenant asked to wait (Retry-After). @return seconds, or -1 where it said nothing. */
int64_t askel_s4_error_retry_after_s(const askel_s4_error *error);
/** Gives the id that was sent with the failed request (header X-Request-Id), to be found again in the tenant's logs.
 *  @return never NULL; "" where nothing was sent to the API. */
const char *askel_s4_error_request_id(const askel_s4_error *error);
/** Frees an error. @param error [in] may be NULL. */
void askel_s4_error_free(askel_s4_error *error);

/** Frees text that a function gave as `char **out_...`. @param text [in] may be NULL. */
void askel_s4_string_free(char *text);

/** A piece of a buffer that somebody else owns. Not NUL-terminated. */
typedef struct askel_s4_view {
  const char *data; /**< first byte; NULL only when size is 0 */
  size_t size;      /**< bytes */
} askel_s4_view;

/* ------------------------------------------------------------------------------------------------------------------
 * Callbacks
 * --------------------------------------------------------------------------------------------------------------- */

/** Takes what a callback has to give. Valid inside that callback alone. */
typedef struct askel_s4_sink askel_s4_sink;

/** Gives bytes: a wrapped or an unwrapped key. They are copied; wipe your own copy of an unwrapped key.
 *  @param data [in] size bytes; given twice, the last counts. */
void askel_s4_sink_bytes(askel_s4_sink *sink, const void *data, size_t size);

/** Gives one record of a store; called once for each. It is copied.
 *  @param key [in] its key  @param version [in] at least 1  @param value [in] size bytes. */
void askel_s4_sink_record(askel_s4_sink *sink, const char *key, int64_t version, const void *value, size_t size);

/** Says why the callback is about to return non-zero: one line that the error's message will carry. Never a secret.
 *  @param message [in] UTF-8, copied. */
void askel_s4_sink_failure(askel_s4_sink *sink, const char *message);

/** Says that the callback has done all that it was asked for. Only for a store with `confirms`. */
void askel_s4_sink_done(askel_s4_sink *sink);

/** Called now and then while something long is under way.
 *  @param done [in] how many are done  @param total [in] of how many, as far as is known
 *  @return 0 to go on; anything else ends the operation with ASKEL_S4_CANCELLED: what is done stays done. */
typedef int (*askel_s4_progress_fn)(void *userdata, uint64_t done, uint64_t total);

/* ------------------------------------------------------------------------------------------------------------------
 * Keys and stores
 * --------------------------------------------------------------------------------------------------------------- */

/** What a key-encryption key (KEK) is. */
enum {
  ASKEL_S4_KEY_FILE = 0,       /**< a file, see askel_s4_key_file_create */
  ASKEL_S4_KEY_BYTES = 1,      /**< 32 random bytes */
  ASKEL_S4_KEY_PASSPHRASE = 2, /**< a passphrase, stretched by scrypt (N = 2^17, r = 8: 128 MiB, half a second) */
  ASKEL_S4_KEY_SERVICE = 3     /**< a key management service (KMS), through callbacks */
};

/** Wraps (encrypts) or unwraps (decrypts) a key at the key management service.
 *  @param input [in] at most 1 KiB to wrap, at most 16 KiB to unwrap
 *  @param associated_data [in] what the key belongs to: bytes that the service must bind to the wrapped key and demand
 *  again at the unwrapping ("encryption context", "additional authenticated data"); not secret, at most 512 bytes
 *  @param sink [in] takes the outcome through askel_s4_sink_bytes: a wrapped key may have 16 KiB
 *  @return 0; or after askel_s4_sink_failure ASKEL_S4_VAULT_UNAVAILABLE where the service does not answer, or asks to
 *  wait: the operation ends with that, and may succeed later; or anything else where it refuses (no permission, another
 *  key, changed bytes): the operation ends with ASKEL_S4_VAULT_KEY_REFUSED. */
typedef int (*askel_s4_key_fn)(void *userdata, const uint8_t *input, size_t input_size, const uint8_t *associated_data,
                               size_t associated_size, askel_s4_sink *sink);

/** A key-encryption key. The members of its kind are given, the others are NULL or 0. */
typedef struct askel_s4_key {
  size_t struct_size;
  /** An ASKEL_S4_KEY_ value. */
  int32_t kind;
  /** FILE: path of a file with mode 0600 (or 0400) of 32 raw bytes or 64 hexadecimal digits. */
  const char *file;
  /** FILE: 1 admits a file that others may read, or that is a symbolic link, as read-only secret volumes of containers
   *  have them. One that others may write is refused all the same. */
  int32_t allow_shared_file;
  /** BYTES: size is exactly 32. PASSPHRASE: its UTF-8, 8 to 1024 bytes. The caller wipes its own copy. */
  const uint8_t *bytes;
  size_t size;
  /** SERVICE: what the key is called there, 1 to 512 bytes; stands in the vault, in clear, to tell keys apart. */
  const char *name;
  askel_s4_key_fn wrap;
  askel_s4_key_fn unwrap;
  /** SERVICE: goes to the callbacks, also from several threads at once. */
  void *userdata;
  /** SERVICE: called exactly once, when the library needs the callbacks no more, also where the call that took the key
   *  failed; on a thread of the caller's. May be NULL. */
  void (*free_fn)(void *userdata);
  /** SERVICE: milliseconds for which an unwrapped data key may be kept in locked memory, so that opening a connection
   *  again asks nothing; default 300000; negative: not at all. */
  int64_t data_key_ttl_ms;
} askel_s4_key;

#define ASKEL_S4_KEY_INIT {sizeof(askel_s4_key), 0, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0}

/** What is to happen to a record. */
enum {
  ASKEL_S4_CHANGE_PUT = 1,    /**< make it, or give it a new value */
  ASKEL_S4_CHANGE_DELETE = 2, /**< delete it */
  ASKEL_S4_CHANGE_KEEP = 3    /**< leave it: only that it is still at the expected version counts */
};

/** One record's part in a change that comes whole or not at all. */
typedef struct askel_s4_store_change {
  /** An ASKEL_S4_CHANGE_ value. */
  int32_t action;
  /** ASCII, 1 to 128 bytes. */
  const char *key;
  /** Version that the record has now; 0: there is no such record. Anything else is a conflict. */
  int64_t expected_version;
  /** PUT: version to keep with the new value. */
  int64_t version;
  /** PUT: size bytes, at most 3 MiB. */
  const uint8_t *value;
  size_t size;
} askel_s4_store_change;

/** What a store's commit returns when a record is not at its expected version. */
#define ASKEL_S4_STORE_CONFLICT 1

/** A product's own database in place of the SQLite file. It keeps (key, version, value) and is never shown a secret:
 *  all values are sealed. The callbacks run inside calls of the product, on their threads, several at once.
 *  Each returns 0, or anything else after askel_s4_sink_failure: the operation ends with ASKEL_S4_VAULT_UNAVAILABLE. */
typedef struct askel_s4_store {
  size_t struct_size;
  /** What messages call it, for example "PostgreSQL vault.product"; NULL: "the product's store". */
  const char *title;
  /** Gives the record of this key, or nothing where there is none, as it was last committed. */
  int (*get)(void *userdata, const char *key, askel_s4_sink *sink);
  /** Gives the records whose keys begin with `prefix` and come after `after` (NULL: from the first on), in the order of
   *  the keys' bytes, at most `limit`. */
  int (*list)(void *userdata, const char *prefix, const char *after, size_t limit, askel_s4_sink *sink);
  /** Carries out all of the changes, durably, or none; they come in the order of their keys' bytes, each key once.
   *  ASKEL_S4_STORE_CONFLICT where a record is not at its expected_version: the library reads again and comes back. */
  int (*commit)(void *userdata, const askel_s4_store_change *changes, size_t count, askel_s4_sink *sink);
  /** Goes to the callbacks. */
  void *userdata;
  /** Called exactly once, when the library needs the callbacks no more, also where the call that took the store failed;
   *  on a thread of the caller's. May be NULL. */
  void (*free_fn)(void *userdata);
  /** 1: a callback that returns 0 without askel_s4_sink_done has failed. For languages in which an exception can cut
   *  a callback off before it can catch it, and which then return what an earlier one left (Python's ctypes). */
  int32_t confirms;
} askel_s4_store;

#define ASKEL_S4_STORE_INIT {sizeof(askel_s4_store), NULL, NULL, NULL, NULL, NULL, NULL, 0}

/* ------------------------------------------------------------------------------------------------------------------
 * Instance
 * --------------------------------------------------------------------------------------------------------------- */

/** The library as one product process uses it: a vault, an HTTP engine, an event queue. Shareable between threads.
 *
 *  The engine has one thread, whatever the number of clients; while names are looked up there are up to three more in
 *  the process, which nobody waits for: not a cancel, not a close, not an exit. An address that was found counts for a
 *  minute, and for an hour where nobody can say a newer one. Of the connections that wait for their next request the
 *  engine keeps 128, of all clients together. */
typedef struct askel_s4_instance askel_s4_instance;

/** How the vault is opened; values are added together. */
enum {
  /** The vault's file is not written: for a vault on a read-only mount, whose file may then be readable by others and
   *  reached through symbolic links. States and audit entries are not kept, and what would change the vault is refused.
   *  None is made where there is none, and one of an earlier format is refused. Where the directory can be written,
   *  SQLite may leave its own files beside the vault: an empty -wal, and a -shm with nothing of the vault in it. */
  ASKEL_S4_VAULT_READ_ONLY = 1,
  /** The whole file is looked through first (SQLite's integrity_check). */
  ASKEL_S4_VAULT_CHECK = 2
};

/** Which log records are wanted; each level brings those before it too. */
enum {
  ASKEL_S4_LOG_OFF = 0,
  ASKEL_S4_LOG_ERROR = 1,   /**< requests that got no answer */
  ASKEL_S4_LOG_WARNING = 2, /**< answers that refuse (401, 403, 408, 429) or fail (5xx), and tokens not given */
  ASKEL_S4_LOG_INFO = 3,    /**< every other request to the API */
  ASKEL_S4_LOG_DEBUG = 4    /**< token requests that were answered, and what was cancelled */
};

/** How to open an instance. Exactly one of vault_path and store, and of key_file, key and vault_key, is given. */
typedef struct askel_s4_instance_options {
  size_t struct_size;
  /** Path of the vault, a SQLite file; made with mode 0600 where absent. A file that others may read is refused. */
  const char *vault_path;
  /** Path of the key-encryption key: a file with mode 0600 (or 0400) of 32 raw bytes or 64 hexadecimal digits. */
  const char *key_file;
  /** The key-encryption key itself: key_size (exactly 32) random bytes. The caller wipes its own copy. */
  const uint8_t *key;
  size_t key_size;
  /** Events kept for askel_s4_instance_next_event; default 1024, at most 65536. When full, the oldest is dropped and
   *  the next event says how many were. */
  uint32_t event_capacity;
  /** ASKEL_S4_VAULT_ values, added together; 0 with a store of the product's. */
  uint32_t vault_flags;
  /** The key-encryption key, of any kind. A new vault is sealed under it. */
  const askel_s4_key *vault_key;
  /** A second key that may open the vault: the new one before it is rotated to, or the old one until that has ended.
   *  NULL: none. */
  const askel_s4_key *other_key;
  /** The product's own database in place of vault_path. */
  const askel_s4_store *store;
  /** Token requests to one endpoint in any second, over all clients of the instance; 0: 50 (XSUAA answers 60 and
   *  queues, then refuses more), at most 10000; negative: as many as are asked for. Who finds no place before the
   *  deadline gets THROTTLED. */
  int32_t mints_per_second;
  /** An ASKEL_S4_LOG_ value: which log records come through the event queue. */
  int32_t log_level;
} askel_s4_instance_options;

#define ASKEL_S4_INSTANCE_OPTIONS_INIT \
  {sizeof(askel_s4_instance_options), NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0, 0}

/** Makes a new key file of 32 random bytes with mode 0600. An existing file is left alone.
 *  @param path [in] where to put it. Keep a copy in a safe place: without the key nothing in the vault opens.
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE (the file exists, or its directory does not). */
askel_s4_status askel_s4_key_file_create(const char *path, askel_s4_error **out_error);

/** Opens the vault under its key and makes an instance. Nothing is sent anywhere; the engine's thread starts with the
 *  first call.
 *  @param options [in] see askel_s4_instance_options
 *  @param out_instance [out, end with askel_s4_instance_close]
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, HOST_UNFIT (libcurl uses another
 *  TLS library than OpenSSL 3, for instance). */
askel_s4_status askel_s4_instance_open(const askel_s4_instance_options *options, askel_s4_instance **out_instance,
                                       askel_s4_error **out_error);

/** Cancels what still runs, ends the engine's thread, offers the vault what it has not taken yet (a store's callbacks
 *  may run for that), wipes the keys and frees the instance. Clients, cursors and calls that are still there answer
 *  ASKEL_S4_CLOSED and are freed by their own functions. A write that was on its way then has the outcome UNKNOWN.
 *  @param instance [in] may be NULL. */
void askel_s4_instance_close(askel_s4_instance *instance);

/** Tells how the instance stands, as JSON:
 *  {"version","vault_id","connections":3,"wiping":"full"|"partial","curl":"7.88.1","tls":"OpenSSL/3.0.19",
 *   "mints":12,"requests":40,"events_dropped":0,"memory_locked":true}.
 *  `wiping` is "partial" where the host process had initialised libcurl before us, so that libcurl's own copies of
 *  headers are freed without being wiped. `memory_locked` is false where the limit on locked memory (RLIMIT_MEMLOCK)
 *  has no room: secrets are then wiped all the same, but may reach the swap.
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_instance_status(const askel_s4_instance *instance, char **out_json,
                                         askel_s4_error **out_error);

/** Counts the requests since the instance was opened, as JSON:
 *  {"connection":"nordvik"|null,"since":"2026-11-23T09:30:00.123Z","api":COUNTS,"token":COUNTS}, each COUNTS
 *  {"requests":40,"retries":2,"answers":{"1xx":0,"2xx":38,"3xx":0,"4xx":1,"5xx":1},"unanswered":0,"bytes_sent":0,
 *   "bytes_wire":81234,"bytes":512345,
 *   "latency_ms":{"count":40,"sum":1234,"max":312,"le":[[1,0],[2,3],[5,9],...,[60000,40]]}}.
 *  Every attempt is a request; `retries` are those of them that repeat one. `le` counts the requests that took so many
 *  milliseconds or less. bytes_wire are bytes of answers' bodies as they came, `bytes` the same decompressed.
 *  @param connection [in] NULL: all connections together; those that were deleted are not among them
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT, CLOSED, FORKED. */
askel_s4_status askel_s4_instance_stats(const askel_s4_instance *instance, const char *connection, char **out_json,
                                        askel_s4_error **out_error);

/** Gives a descriptor that is readable while events wait. It belongs to the instance: poll it, do not read or close it.
 *  @return a descriptor, or -1 for NULL, a closed or a forked instance. */
int askel_s4_instance_event_fd(const askel_s4_instance *instance);

/** Takes the oldest event from the queue, as JSON. Safe from several threads; each event goes to one of them.
 *  {"event":"connection_state","connection":"nordvik","from":"active","to":"expired","recovered":false,
 *   "at":"2026-11-23T09:30:00.123Z","code":"invalid_client"|null,"message":"..."|null},
 *  {"event":"state_not_saved","connection":"nordvik","to":"expired","at":"...","message":"..."}: the vault could not be
 *  written, so other processes do not know it;
 *  {"event":"credential_switched","connection":"nordvik","from_generation":4,"to_generation":5,"at":"...",
 *   "code":"invalid_client"}: the live credential was rejected, and the proven one that stood beside it took over; or
 *  {"event":"events_dropped","count":12}; and, where the instance was opened with a log_level, log records:
 *  {"event":"log","level":"error"|"warning"|"info"|"debug","at":"...","what":"request"|"token_request",
 *   "connection":"nordvik","request_id":"...","traceparent":"..."|null,"attempt":1,"method":"GET",
 *   "host":"my300000-api.s4hana.cloud.sap","path":"/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder","ms":84,
 *   "http_status":200,"bytes":51234,"status":0,"message":"..."|null}: one for each request when it ends. http_status is
 *  0 where no answer came; then `status` is the askel_s4_status, and `message` says why. Queries, keys of documents and
 *  credentials are left out: `path` ends before the first "(" or "?", also that of askel_s4_client_request. Log records
 *  have as much room in the queue as events, and of their own; those that found none are told of by
 *  {"event":"log_dropped","count":12}.
 *  There is one event for each change of state. `recovered` is true when a connection that was expired, unauthorised or
 *  unreachable works again with the same credential. Putting a credential sets `new` without an event.
 *  "credential_switched" may have an event "connection_state" to `expired` right before it, with the same code: that is
 *  the credential that was rejected. The connection goes on working, and its state is that of the credential that took
 *  over, without a further event: before you tell a customer of `expired`, look whether "credential_switched" follows.
 *  (Of a vault in a store of the product's the second event comes alone: the store is not asked between two calls.)
 *  @param out_json [out, free with askel_s4_string_free] NULL where none waits
 *  @return OK, INVALID_ARGUMENT, FORKED. */
askel_s4_status askel_s4_instance_next_event(const askel_s4_instance *instance, char **out_json,
                                             askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Vault: the key-encryption key, and copies
 *
 * Format 2. The key-encryption key (KEK, versioned) stays outside of the vault. It wraps the vault's key set (three
 * random keys: one makes the codes that stand for connection ids, one seals names and states, one the audit trail) and
 * a random data key for each connection. The data key seals the connection's credentials, each as one record: secret,
 * password or private key together with host, token URL, client id and all else. All sealing is AES-256-GCM with a
 * random 96-bit nonce drawn for each. The associated data binds a sealed text to its place, each part with its length
 * in front: format version, vault id, connection (a random id, and the code of its id), kind of record, KEK version,
 * data-key version, generation. So a text that is moved to another field, connection, generation or vault does not
 * open. A key service gets the same bytes as its associated data. Byte for byte: Sources/Vault/Vault.docc/Format.md;
 * what each layer stops, and what it does not: ThreatModel.md beside it.
 *
 * The actor of a change is text of the product's, 1 to 256 bytes without control characters, that goes into the audit
 * trail ("anna@example.com"); NULL where nobody is to be named.
 *
 * VAULT_KEY_REFUSED from a running instance: another process rotated to a key that this one was not given
 * (askel_s4_vault_add_key), or the key service refused.
 * --------------------------------------------------------------------------------------------------------------- */

/** Tells how the vault stands, as JSON:
 *  {"vault_id","storage":"sqlite"|"store","format":2,"read_only":false,"read_only_reason":null,"connections":3,
 *   "key_version":2,"key":"file"|"bytes"|"passphrase"|"service"|null,"former_key_version":1|null,
 *   "rotation":{"kind":"rotate"|"rekey","done":120,"total":4200}|null,"audit_entries":17}.
 *  `key` is null where this instance has the former key alone, while another process rotates.
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_vault_status(const askel_s4_instance *instance, char **out_json, askel_s4_error **out_error);

/** Gives a running instance a second key, so that it goes on when another process rotates to it: give the new key to
 *  every process first, rotate in one, then take the old key away. A key that opens nothing yet is kept too.
 *  Of many the latest are kept, and those of the opening.
 *  @return OK, INVALID_ARGUMENT, VAULT_KEY_REFUSED (a key file that is not fit, or no key of the instance opens the
 *  vault any more), VAULT_UNAVAILABLE, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_vault_add_key(const askel_s4_instance *instance, const askel_s4_key *key,
                                       askel_s4_error **out_error);

/** How to rotate or to rekey. */
typedef struct askel_s4_rotate_options {
  size_t struct_size;
  /** rotate_key: the new key; also to resume. rekey: NULL. */
  const askel_s4_key *new_key;
  /** Who does it, for the audit trail. */
  const char *actor;
  /** May be NULL. */
  askel_s4_progress_fn progress;
  void *userdata;
} askel_s4_rotate_options;

#define ASKEL_S4_ROTATE_OPTIONS_INIT {sizeof(askel_s4_rotate_options), NULL, NULL, NULL, NULL}

/** Replaces the key-encryption key: wraps the data key of each connection under the new one, connection by connection,
 *  while this and other processes go on reading and writing. After the last one the old key is refused. When it was
 *  cancelled or killed, the same call with the same key goes on where it ended. A KEK in this process (not a service's)
 *  stands in the vault, wrapped under the new one, until then; a key service that is rotated to is shown it.
 *  All records are looked over before it begins: where one does not prove genuine, VAULT_CORRUPT says so, and nothing
 *  has begun.
 *  After a leak of the old key together with a copy of the vault this is not enough: see askel_s4_vault_rekey.
 *  @return OK, INVALID_ARGUMENT, CONFLICT (a rotation to another key, or a rekey, has not ended: end that first),
 *  CANCELLED (by the progress callback), VAULT_KEY_REFUSED, VAULT_UNAVAILABLE, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_vault_rotate_key(const askel_s4_instance *instance, const askel_s4_rotate_options *options,
                                          askel_s4_error **out_error);

/** Replaces every key below the key-encryption key: the vault's own keys and each connection's data key, and seals all
 *  anew. For after a leak, following askel_s4_vault_rotate_key; the credentials that leaked are to be changed at the
 *  tenants all the same. Online and resumable like a rotation.
 *  @param options [in] may be NULL  @return as askel_s4_vault_rotate_key. */
askel_s4_status askel_s4_vault_rekey(const askel_s4_instance *instance, const askel_s4_rotate_options *options,
                                     askel_s4_error **out_error);

/** Looks through the whole vault: the file's structure, and that the record of every connection, and each credential in
 *  it, proves genuine under the keys at hand; a key service is asked once for each. The audit trail has its own
 *  askel_s4_vault_audit_verify.
 *  @return OK, INVALID_ARGUMENT, VAULT_CORRUPT (the message names the first finding), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, CLOSED, FORKED. */
askel_s4_status askel_s4_vault_check(const askel_s4_instance *instance, askel_s4_error **out_error);

/** Takes away a record that is no connection's of this vault: so damaged that nobody knows whose it was, another
 *  vault's, or not in its place. Such a record makes askel_s4_connection_list, askel_s4_vault_rotate_key,
 *  askel_s4_vault_rekey and every NOT_FOUND answer VAULT_CORRUPT, with its key in the message and as its target.
 *  Where it is one of a connection that you know, putting or deleting that connection takes it away too; what was in it
 *  is lost either way, unless the vault is restored from a copy. If a connection is gone with it,
 *  askel_s4_vault_audit_verify says so until that is put anew.
 *  @param record [in] its key, for example "connection/0c9f3e5ad2b14c7798e6d10af2b3c4d5"
 *  @param actor [in] who does it, for the audit trail; may be NULL
 *  @return OK, INVALID_ARGUMENT (a key of the vault's own records), NOT_FOUND, CONFLICT (a connection is found by it,
 *  and proves genuine), VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_vault_discard(const askel_s4_instance *instance, const char *record, const char *actor,
                                       askel_s4_error **out_error);

/** Copies a vault file while it is in use, to a new file of mode 0600; it opens under the same key.
 *  To put a copy back, rename it over the vault's path; never write into the file that is there (cp does). Where no
 *  process has the vault open, remove the -wal and -shm files beside it first: SQLite would apply them to the copy.
 *  Where one has, leave these two to it: it sees the other file before its next write or reading, clears them away,
 *  and goes on with the copy, judged as at the opening; what is acknowledged from then on is in the copy. Open no
 *  further process in between. A file of another vault, one under a key that the instance was not given, and one that
 *  is missing are refused until the right one is there; none is made anew.
 *  @param path [in] a file that does not exist
 *  @return OK, INVALID_ARGUMENT (a vault in a store of the product's), VAULT_UNAVAILABLE (the path is
 *  taken, the disk is full, ...), VAULT_CORRUPT (the vault's file is damaged), CLOSED, FORKED. */
askel_s4_status askel_s4_vault_backup(const askel_s4_instance *instance, const char *path, askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Audit trail: who changed what, chained so that a change of it shows
 * --------------------------------------------------------------------------------------------------------------- */

/** Tells the head of the audit trail, as JSON: {"vault_id","count":17,"hash":"<64 hexadecimal digits>",
 *  "generation":23}. Keep it outside of the vault: given back later it shows that entries, or the whole file, were put
 *  back to an earlier state.
 *  `generation` rises with each change of credentials or keys.
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_vault_audit_head(const askel_s4_instance *instance, char **out_json,
                                          askel_s4_error **out_error);

/** Verifies the audit trail from its first entry to its last, and the connections against it, as JSON:
 *  {"intact":true,"entries":17,"first_broken":null,"finding":null,"head":{...as askel_s4_vault_audit_head}}.
 *  `entries` counts those that proved genuine, from the first one on. Where it is not intact, `first_broken` is the
 *  number of the first entry that does not prove genuine, or was removed (null where it is not an entry), and `finding`
 *  says what was found, and what to do: the call itself succeeds. `head` is null where it is missing, does not prove
 *  genuine, or was not looked at since an entry was broken.
 *  @param head [in] an earlier head, as askel_s4_vault_audit_head gave it; NULL: none
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT (`head` is none, or another vault's), VAULT_UNAVAILABLE, VAULT_KEY_REFUSED,
 *  VAULT_CORRUPT (the vault's own header), CLOSED, FORKED. */
askel_s4_status askel_s4_vault_audit_verify(const askel_s4_instance *instance, const char *head, char **out_json,
                                            askel_s4_error **out_error);

/** Which entries of the audit trail to give. */
typedef struct askel_s4_audit_options {
  size_t struct_size;
  /** Entries of this connection alone; NULL: all. */
  const char *connection;
  /** Entries from this moment on, and before that one: RFC 3339, "2026-11-23T09:30:00Z"; NULL: no bound. */
  const char *from;
  const char *to;
  /** Entries after the one with this number, which must be there: INVALID_ARGUMENT tells who takes the trail page by
   *  page that its end was cut off. 0: from the first. */
  uint64_t after;
  /** Most entries to give; default 1000, at most 100000. */
  uint32_t limit;
} askel_s4_audit_options;

#define ASKEL_S4_AUDIT_OPTIONS_INIT {sizeof(askel_s4_audit_options), NULL, NULL, NULL, 0, 0}

/** Gives entries of the audit trail as JSON lines, oldest first:
 *  {"entry":17,"at":"2026-11-23T09:30:00.123Z","actor":"anna@example.com"|null,"action":"put",
 *   "connection":"nordvik"|null,"generation":4,"result":"ok"}.
 *  Actions: vault_created, put, stage, promote, retire, delete, discard, check, rejected, recovered, fall_over,
 *  rotate_started, rotate_ended, rekey_started, rekey_ended, migrated. `result` is "ok", or the code of what went
 *  wrong; of a discard the record's key. No secret is among them. Each entry that is given proves genuine and follows
 *  the one before; the whole trail, its head and the connections are verified by askel_s4_vault_audit_verify.
 *  @param options [in] may be NULL
 *  @param out_lines [out, free with askel_s4_string_free] one object a line, each line ends with a line feed; "" where
 *  there are none (any more)
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT (the message names the entry),
 *  CLOSED, FORKED. */
askel_s4_status askel_s4_vault_audit_export(const askel_s4_instance *instance, const askel_s4_audit_options *options,
                                            char **out_lines, askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Call: one operation in progress
 * --------------------------------------------------------------------------------------------------------------- */

/** One operation in progress against a tenant. One thread waits for it and takes its result; any thread may cancel. */
typedef struct askel_s4_call askel_s4_call;

/** Gives a descriptor that becomes, and stays, readable when the call is done. It belongs to the call: poll it, do not
 *  read or close it.  @return a descriptor, or -1 for NULL or a forked call. */
int askel_s4_call_fd(const askel_s4_call *call);

/** Waits until the call is done, well or badly, or until the time is up.
 *  @param timeout_ms [in] milliseconds; 0 looks once, negative waits as long as the call's own deadline lets it run
 *  @return OK when done (take the result to learn how), PENDING when the time is up first, INVALID_ARGUMENT, FORKED. */
askel_s4_status askel_s4_call_wait(askel_s4_call *call, int64_t timeout_ms, askel_s4_error **out_error);

/** Asks the call to end as soon as it can; it then ends with ASKEL_S4_CANCELLED, unless it was done already. Returns
 *  at once. From any thread.  @param call [in] may be NULL. */
void askel_s4_call_cancel(const askel_s4_call *call);

/** Frees a call; one that still runs is cancelled.  @param call [in] may be NULL. */
void askel_s4_call_free(askel_s4_call *call);

/** Takes the result of a call that gives JSON text (askel_s4_connection_check).
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK; PENDING while it runs; INVALID_ARGUMENT for a call of another kind or one whose result was taken; what
 *  the operation came to; or VAULT_UNAVAILABLE and the like where it went well but could not be written to the audit
 *  trail: it can then be taken again. */
askel_s4_status askel_s4_call_take_text(askel_s4_call *call, char **out_json, askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Connections: the customers' credentials
 * --------------------------------------------------------------------------------------------------------------- */

/** How the tenant is logged on to. */
enum {
  /** OAuth 2.0 client credentials at token_url. Source: RFC 6749 section 4.4. */
  ASKEL_S4_AUTH_CLIENT_CREDENTIALS = 0,
  /** HTTP Basic with a communication user. Source: RFC 7617. */
  ASKEL_S4_AUTH_BASIC = 1,
  /** A client certificate at the API itself (mutual TLS). Source: RFC 8446 section 4.3.2. */
  ASKEL_S4_AUTH_CERTIFICATE = 2
};

/** How the OAuth client shows to the token endpoint who it is. Source: RFC 6749 section 2.3.1, RFC 8705 section 2. */
enum {
  ASKEL_S4_CLIENT_AUTH_SECRET_BASIC = 0, /**< the secret in the Authorization header */
  ASKEL_S4_CLIENT_AUTH_SECRET_POST = 1,  /**< the secret in the form body */
  ASKEL_S4_CLIENT_AUTH_CERTIFICATE = 2   /**< a client certificate (mutual TLS), and no secret */
};

/** A name and a value that the tenant's token endpoint wants beside what OAuth asks for, such as `resource` or
 *  `audience`; sent with each token request, form-encoded. They are no secrets: they are shown with the connection. */
typedef struct askel_s4_token_param {
  const char *name;  /**< 1 to 64 bytes without control characters; a name may come more than once (RFC 8707) */
  const char *value; /**< at most 1024 bytes without control characters; may be "" */
} askel_s4_token_param;

/** A connection: what the customer's basis admin hands over. All of it is sealed as one record. */
typedef struct askel_s4_connection_options {
  size_t struct_size;
  /** The product's own name for this connection, 1 to 128 bytes without control characters. */
  const char *id;
  /** API host of the tenant, for example "my300000-api.s4hana.cloud.sap", with an optional ":port" and an optional
   *  leading "https://". No path, no user, nothing else. */
  const char *host;
  /** An ASKEL_S4_AUTH_ value. */
  int32_t auth;
  /** For client credentials: the token endpoint, for example
   *  "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token"; a query such as "?sap-client=100" is kept. */
  const char *token_url;
  const char *client_id;
  const char *client_secret;
  /** An ASKEL_S4_CLIENT_AUTH_ value. */
  int32_t client_auth;
  /** Scope to ask for, or NULL for the client's default. */
  const char *scope;
  /** For HTTP Basic: communication user and password. */
  const char *user;
  const char *password;
  /** Hosts, separated by commas, that are admitted although they are no S/4HANA Cloud Public Edition host or resolve
   *  to a private or loopback address: a BTP proxy, the sandbox ("localhost"). Without port. Any other host is refused
   *  as soon as one of its addresses is such a one. */
  const char *allow_host;
  /** PEM file of the certificate authorities trusted for this connection instead of the system's. Read when stored. */
  const char *ca_file;
  /** For certificates: the client certificate and its chain, PEM text. */
  const char *client_certificate;
  /** For certificates: its private key, PEM text, not encrypted: RSA, EC of a named curve, or Ed25519. The caller wipes
   *  its own copy. */
  const char *client_key;
  /** When the secret or password ends, RFC 3339 ("2027-03-31T00:00:00Z", or "2027-03-31" for the beginning of that
   *  day); NULL: not known. Of a client certificate its own end (notAfter) counts where that is earlier. */
  const char *expires_at;
  /** Days before the end from which on the state is `expiring`; default 14, at most 3650. */
  uint32_t expiring_days;
  /** Who does it, for the audit trail. */
  const char *actor;
  /** For client credentials: at most 16 more parameters of the token request, of at most 4096 bytes together; NULL:
   *  none. Refused are names that have a member of their own (grant_type, client_id, client_secret, scope) and those
   *  that carry a secret (client_assertion, client_assertion_type, assertion, username, password, refresh_token,
   *  code), in any case. */
  const askel_s4_token_param *token_params;
  size_t token_param_count;
} askel_s4_connection_options;

#define ASKEL_S4_CONNECTION_OPTIONS_INIT                                                                           \
  {sizeof(askel_s4_connection_options), NULL, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
   NULL, 0, NULL, NULL, 0}

/** Stores a connection, or replaces the whole credential of one that is there: its state is `new` again and its
 *  generation rises. Clients that are open use it from their next operation on. Nothing is sent: ask
 *  askel_s4_connection_check for the proof. Durable when it returns. A credential that stands beside it (see
 *  askel_s4_connection_stage) is removed. Give every member again, allow_host and ca_file too: what is left NULL is
 *  removed. To change a secret without a gap, stage the new one.
 *  @return OK, INVALID_ARGUMENT, HOST_REFUSED (the message says what is wrong with the host or the URL),
 *  VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_put(const askel_s4_instance *instance, const askel_s4_connection_options *options,
                                        askel_s4_error **out_error);

/** Tells what is known of a connection, never its secret, as JSON:
 *  {"id","host","auth":"client_credentials"|"basic"|"certificate","token_url","client_id","client_auth","scope","user",
 *   "token_params":[{"name":"resource","value":"..."}],"allow_host","has_ca":true,
 *   "certificate":null|{"subject":"...","not_after":"2027-03-31T00:00:00Z"},
 *   "generation":1,"state":"new"|"active"|"expiring"|"expired"|"unauthorised"|"unreachable",
 *   "since":"2026-11-23T09:30:00Z","last_proof":null,"last_error":null,"expires_at":null,
 *   "beside":null|{"role":"staged"|"former", ...the same members from host on, of the credential beside it}}.
 *  new: not used yet. active: the credential works. expiring: it works, and its declared end is near or past.
 *  expired: the tenant rejected it, and it is not sent again.
 *  unauthorised: it works, but a service or entity set that was asked for is not open to it, and was not since.
 *  unreachable: no usable answer came.
 *  last_proof is kept to about ten minutes; last_error is SAP's or the token endpoint's code, or an HTTP status.
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_get(const askel_s4_instance *instance, const char *id, char **out_json,
                                        askel_s4_error **out_error);

/** Lists the connections as a JSON array, ordered by id, each as askel_s4_connection_get gives it.
 *  @param out_json [out, free with askel_s4_string_free]
 *  @return OK, INVALID_ARGUMENT, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_list(const askel_s4_instance *instance, char **out_json,
                                         askel_s4_error **out_error);

/** Deletes a connection with its credentials and its data key. Clients that are open on it answer NOT_FOUND from their
 *  next operation on.
 *  @param actor [in] who does it, for the audit trail; may be NULL
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_delete(const askel_s4_instance *instance, const char *id, const char *actor,
                                           askel_s4_error **out_error);

/** Stores a second credential beside the live one, sealed, to be proven before it takes over: another secret, another
 *  client or user, a certificate, another token URL or host. It is not used until it is promoted, except by a check
 *  that asks for it; when the tenant rejects the live one and this one is proven, the library goes over to it by
 *  itself, once, with the event "credential_switched". One that stands there already, staged or former, is replaced.
 *  What is left NULL is taken over from the live credential: host, allow_host and ca_file in any case, the rest where
 *  `auth` is the same (client_auth too where client_id is NULL), so that id and client_secret are enough for a new
 *  secret. token_params that are not NULL replace the live ones, also with a count of 0. expires_at and expiring_days
 *  are not taken over.
 *  A stored secret or password is not taken over to where it does not belong: client_secret not to another client_id or
 *  to a token_url on another host or port, password not to another user or another host. It is then INVALID_ARGUMENT
 *  where it is left NULL. Otherwise whoever may stage could have a secret that they do not know sent to a server of
 *  theirs; and a password of one user is a failed logon for another. A certificate is taken over to any host: its key
 *  does not leave the process.
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, HOST_REFUSED, VAULT_UNAVAILABLE, VAULT_CORRUPT, VAULT_KEY_REFUSED, CLOSED,
 *  FORKED. */
askel_s4_status askel_s4_connection_stage(const askel_s4_instance *instance,
                                          const askel_s4_connection_options *options, askel_s4_error **out_error);

/** Makes the credential beside the live one the live one; the live one becomes the former, which stands beside it until
 *  it is retired and can be promoted back. Clients that are open use it from their next operation on.
 *  @param actor [in] who does it, for the audit trail; may be NULL
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, CONFLICT (none stands beside it, or it is not proven: check it first),
 *  VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_promote(const askel_s4_instance *instance, const char *id, const char *actor,
                                            askel_s4_error **out_error);

/** Deletes the credential that stands beside the live one, staged or former.
 *  @param actor [in] who does it, for the audit trail; may be NULL
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, CONFLICT (none stands beside it), VAULT_UNAVAILABLE, VAULT_KEY_REFUSED,
 *  VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_retire(const askel_s4_instance *instance, const char *id, const char *actor,
                                           askel_s4_error **out_error);

/** How to check a connection. */
typedef struct askel_s4_check_options {
  size_t struct_size;
  /** Service to probe after the mint, as in askel_s4_read_options; NULL: with client credentials mint and discard
   *  only; with HTTP Basic, and with a certificate at the API, a service is needed, since there is nothing to mint. */
  const char *service;
  /** Deadline of the whole check in milliseconds; default 30000. */
  int64_t timeout_ms;
  /** 1: prove the credential that stands beside the live one (askel_s4_connection_stage). */
  int32_t beside;
  /** Who asks, for the audit trail. */
  const char *actor;
  /** Instead of `service`: up to 200 services, of each of which the result tells how it stands. */
  const char *const *services;
  size_t service_count;
} askel_s4_check_options;

#define ASKEL_S4_CHECK_OPTIONS_INIT {sizeof(askel_s4_check_options), NULL, 0, 0, NULL, NULL, 0}

/** Proves the credential, also one that was rejected before: a token is minted and discarded, which proves token URL,
 *  client id and secret; where `service` is named its service document is asked for, which proves the API host and the
 *  communication arrangement too. The connection's state follows the outcome.
 *  Take the result with askel_s4_call_take_text:
 *  {"connection":"nordvik","state":"active","token":{"type":"bearer","expires_in_s":43199,"scope":"..."}|null,
 *   "service":"/sap/opu/odata/sap/API_SALES_ORDER_SRV"|null,
 *   "services":[{"service":"/sap/...","status":"readable"|"not_in_arrangement"|"not_found"|"failing",
 *                "http_status":200|null,"code":null|"403","message":null|"...","ms":41}],"ms":84}.
 *  A credential that does not pass is an error: CREDENTIAL_EXPIRED (askel_s4_error_sap_code has the endpoint's code),
 *  UNAUTHORISED, UNREACHABLE, TLS_REFUSED, NOT_ODATA, ...
 *  With `services`, one token is minted and discarded, then the service documents are asked for, four at a time, within
 *  the one deadline; a service that is not open is told in its place ("not_in_arrangement": the API answered 401 or 403
 *  to a good credential) and is no error. The check still fails where the credential does not pass, and where not one
 *  service was answered (UNREACHABLE, TIMED_OUT, ...). The connection's state follows all of them together, with at
 *  most one event for what the API said: `unauthorised` where one is not in the arrangement (the event names it), else
 *  `active` where one is readable, else `unreachable` where no usable answer came from one; "state" tells it.
 *  @param options [in] may be NULL  @param out_call [out, free with askel_s4_call_free]
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, CONFLICT (`beside`, and none stands there), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_connection_check(const askel_s4_instance *instance, const char *id,
                                          const askel_s4_check_options *options, askel_s4_call **out_call,
                                          askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Client: a connection open for work
 * --------------------------------------------------------------------------------------------------------------- */

/** One connection, open for work. Shareable between threads. A token is minted for each request, used once, and wiped,
 *  unless mint_policy says that the requests of a call share one; none is ever stored or given out. */
typedef struct askel_s4_client askel_s4_client;

/** Versions of HTTP. */
enum {
  /** Leaves no copy of a token in memory when wiping is "full". */
  ASKEL_S4_HTTP_1_1 = 0,
  /** Many requests share one connection. Copies of headers stay in the HTTP/2 library's tables until it closes, and are
   *  freed without being wiped. */
  ASKEL_S4_HTTP_2 = 2
};

/** How long an access token lives in this process. Neither policy writes one anywhere. */
enum {
  /** A token for each request, sent once and wiped. While a page is on its way, the next one's token is minted. */
  ASKEL_S4_MINT_PER_REQUEST = 0,
  /** One token for all requests of one cursor or other call, in wiped memory: fewer mints, and a token that lives as
   *  long as the read. It is minted anew 30 seconds before the end that the endpoint named (`expires_in`; for a life of
   *  less than a minute, after half of it), after 30 seconds where it named none, once where the API answers 401, and
   *  when the connection has another credential. It is wiped when the cursor ends or is freed. */
  ASKEL_S4_MINT_PER_CALL = 1
};

/** How to open a client. */
typedef struct askel_s4_client_options {
  size_t struct_size;
  /** The connection's id. */
  const char *connection;
  /** An ASKEL_S4_HTTP_ value. */
  int32_t http_version;
  /** Largest answer in bytes after decompression; default 256 MiB, at most 2 GiB - 1. */
  uint64_t max_answer_bytes;
  /** Language of SAP's texts (header Accept-Language), for example "de"; default "en". */
  const char *language;
  /** Deadline of an operation in milliseconds where it names none; default 60000. */
  int64_t timeout_ms;
  /** How often a request without an effect (a read, a token) is sent again, each time with a new token: after a lost
   *  connection and after 408, 500, 502, 503 and 504, with growing random waits, and not before what Retry-After names.
   *  0: 4; negative: never. 429 is waited out whatever the number, unless that is negative. No wait goes beyond the
   *  deadline: what cannot come in time is told at once. The receipt counts the retries. */
  int32_t retries;
  /** An ASKEL_S4_MINT_ value. */
  int32_t mint_policy;
} askel_s4_client_options;

#define ASKEL_S4_CLIENT_OPTIONS_INIT {sizeof(askel_s4_client_options), NULL, 0, 0, NULL, 0, 0, 0}

/** Opens a connection for work: its credential is opened into wiped memory. Nothing is sent.
 *  @param out_client [out, free with askel_s4_client_free]
 *  @return OK, INVALID_ARGUMENT, NOT_FOUND, VAULT_UNAVAILABLE, VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_client_open(const askel_s4_instance *instance, const askel_s4_client_options *options,
                                     askel_s4_client **out_client, askel_s4_error **out_error);

/** Frees a client and wipes its credential once its cursors and calls are gone too.
 *  @param client [in] may be NULL. */
void askel_s4_client_free(askel_s4_client *client);

/* ------------------------------------------------------------------------------------------------------------------
 * Parameters of prepared filters and keys
 * --------------------------------------------------------------------------------------------------------------- */

/** What a parameter is. It is written as the literal that the property's type in $metadata asks for; one that does not
 *  fit that type is refused before the request is sent. */
enum {
  ASKEL_S4_PARAM_NULL = 0,
  ASKEL_S4_PARAM_TEXT = 1,      /**< text, as it is: quoting and escaping are done by the library */
  ASKEL_S4_PARAM_INTEGER = 2,   /**< integer */
  ASKEL_S4_PARAM_DECIMAL = 3,   /**< text: "-12.50" */
  ASKEL_S4_PARAM_BOOLEAN = 4,   /**< integer: 0 or 1 */
  ASKEL_S4_PARAM_DATE = 5,      /**< text: "2026-11-23" */
  ASKEL_S4_PARAM_DATE_TIME = 6, /**< text, ISO 8601: "2026-11-23T09:30:00Z" (also with fraction and offset) */
  ASKEL_S4_PARAM_TIME = 7,      /**< text: "09:30:00" */
  ASKEL_S4_PARAM_GUID = 8       /**< text: "25fae728-0000-0000-0000-00000000abcd" */
};

/** One typed parameter: takes the place of one `?`. */
typedef struct askel_s4_param {
  int32_t type;     /**< an ASKEL_S4_PARAM_ value */
  int64_t integer;  /**< for INTEGER and BOOLEAN */
  const char *text; /**< for the others */
} askel_s4_param;

/* ------------------------------------------------------------------------------------------------------------------
 * Reading
 * --------------------------------------------------------------------------------------------------------------- */

/** Whether the server is asked how many rows there are. */
enum {
  /** Not asked: the receipt proves an unbroken chain of pages. */
  ASKEL_S4_COUNT_NONE = 0,
  /** Asked with the first page ($inlinecount). Where the service cannot count, the read goes on without, and the
   *  receipt says so. Source: KBA 3616518. */
  ASKEL_S4_COUNT_TRY = 1
};

/** What to read. */
typedef struct askel_s4_read_options {
  size_t struct_size;
  /** Service: a name ("API_SALES_ORDER_SRV", under /sap/opu/odata/sap/) or a whole path that begins with "/". */
  const char *service;
  /** Entity set: "A_SalesOrder". */
  const char *entity_set;
  /** Filter with a `?` for each parameter: "OverallSDProcessStatus ne ? and CreationDate ge ?". NULL: every row.
   *  Operators and functions are OData V2's (eq ne gt ge lt le and or not, startswith, substringof, ...). Literals go
   *  out as they are written: values that come from people belong in `params`. */
  const char *filter;
  /** The parameters, in the order of the `?`. */
  const askel_s4_param *params;
  size_t param_count;
  /** Properties, separated by commas. The key's properties are added: the receipt needs them. NULL: all. */
  const char *select;
  /** Navigation properties, separated by commas: "to_Item/to_ScheduleLine". */
  const char *expand;
  /** Order: "CreationDate desc". NULL: by the key. The key's properties are added at the end where they are sortable:
   *  only in a total order pages neither overlap nor leave gaps. */
  const char *orderby;
  /** Most rows to deliver over all pages; 0: all. */
  uint64_t top;
  /** Rows a page to ask the server for (Prefer: odata.maxpagesize); it may send others. 0: the server's choice. */
  uint32_t page_size;
  /** An ASKEL_S4_COUNT_ value. */
  int32_t count;
  /** Deadline of each page in milliseconds; default: the client's. */
  int64_t timeout_ms;
  /** W3C Trace Context header for the requests of this operation, as it is in the product's own trace:
   *  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; NULL: none. */
  const char *traceparent;
} askel_s4_read_options;

#define ASKEL_S4_READ_OPTIONS_INIT \
  {sizeof(askel_s4_read_options), NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0, NULL}

/** One read: the page at hand, and the receipt over all of them. One thread at a time. */
typedef struct askel_s4_cursor askel_s4_cursor;

/** Prepares a read. Nothing is sent: mistakes that only $metadata can show (a property that does not exist, a parameter
 *  of the wrong type) come with the first page, before any row is asked for.
 *  @param out_cursor [out, free with askel_s4_cursor_free]  @return OK, INVALID_ARGUMENT, CLOSED, FORKED. */
askel_s4_status askel_s4_client_read(const askel_s4_client *client, const askel_s4_read_options *options,
                                     askel_s4_cursor **out_cursor, askel_s4_error **out_error);

/** Starts fetching the next page. One call of a cursor runs at a time. The page at hand stays readable until the new
 *  one is taken. A page that was cancelled, or failed with a retryable error, is fetched again; every other error ends
 *  the read.
 *  @param out_call [out, free with askel_s4_call_free] take its result with askel_s4_call_take_page
 *  @return OK; INVALID_ARGUMENT while a call of this cursor is not taken or freed; CLOSED; FORKED; CREDENTIAL_EXPIRED
 *  where the credential was rejected before (nothing is sent); NOT_FOUND where the connection was deleted;
 *  VAULT_UNAVAILABLE, VAULT_KEY_REFUSED or VAULT_CORRUPT where it cannot be looked up; or the error that ended the read
 *  before. */
askel_s4_status askel_s4_cursor_next(askel_s4_cursor *cursor, askel_s4_call **out_call, askel_s4_error **out_error);

/** Takes the page that a call of askel_s4_cursor_next fetched: it is decoded and proven on this thread and becomes the
 *  cursor's page at hand. A page that fails delivers no row.
 *  @param out_has_page [out] 1: a page is at hand (it may have no rows); 0: there are no more, the receipt is final
 *  @return OK; PENDING while it runs; INVALID_ARGUMENT for a call of another kind; or what went wrong. */
askel_s4_status askel_s4_call_take_page(askel_s4_call *call, int32_t *out_has_page, askel_s4_error **out_error);

/** Gives the number of rows of the page at hand. @return 0 for NULL or before the first page. */
size_t askel_s4_cursor_row_count(const askel_s4_cursor *cursor);

/** Gives a row as the JSON object that SAP sent, byte for byte.
 *  @param row [in] 0 .. row_count - 1
 *  @param out_row [out] borrowed until the next page is taken or the cursor is freed
 *  @return OK, INVALID_ARGUMENT (no such row), FORKED. */
askel_s4_status askel_s4_cursor_row(const askel_s4_cursor *cursor, size_t row, askel_s4_view *out_row,
                                    askel_s4_error **out_error);

/** What a field holds. Types come from $metadata. */
enum {
  ASKEL_S4_FIELD_ABSENT = 0,    /**< the row has no such member */
  ASKEL_S4_FIELD_NULL = 1,      /**< null */
  ASKEL_S4_FIELD_TEXT = 2,      /**< text, unescaped */
  ASKEL_S4_FIELD_NUMBER = 3,    /**< a number as exact decimal text: "2656.24" */
  ASKEL_S4_FIELD_BOOLEAN = 4,   /**< "true" or "false" */
  ASKEL_S4_FIELD_DATE_TIME = 5, /**< ISO 8601, UTC: "2026-11-23T00:00:00Z", with fraction where there is one; a day
                                 *   such as CreationDate comes as its midnight */
  ASKEL_S4_FIELD_JSON = 6       /**< an object or array (an expanded navigation property) as JSON */
};

/** A row's field. */
typedef struct askel_s4_field {
  int32_t kind;       /**< an ASKEL_S4_FIELD_ value */
  askel_s4_view text; /**< its value; empty for ABSENT and NULL */
} askel_s4_field;

/** Gives a field of a row by its name.
 *  @param row [in] 0 .. row_count - 1
 *  @param name [in] property name, in SAP's spelling
 *  @param out_field [out] its text is borrowed until the next page is taken or the cursor is freed
 *  @return OK (also for an absent field), INVALID_ARGUMENT, FORKED. One thread at a time. */
askel_s4_status askel_s4_cursor_field(askel_s4_cursor *cursor, size_t row, const char *name, askel_s4_field *out_field,
                                      askel_s4_error **out_error);

/** What was proven about the rows of a read. */
enum {
  /** More pages may come. */
  ASKEL_S4_VERDICT_READING = 0,
  /** The server's count (or `top`) was met by an unbroken chain of pages without a doubled key. */
  ASKEL_S4_VERDICT_COMPLETE_COUNTED = 1,
  /** The chain of pages is unbroken to its end; there is no count to hold it against. */
  ASKEL_S4_VERDICT_CHAIN_UNBROKEN = 2,
  /** The read ended with an error: what came is no complete set. */
  ASKEL_S4_VERDICT_FAILED = 3
};

/** The receipt of a read. Set struct_size before the call. */
typedef struct askel_s4_receipt {
  size_t struct_size;
  int32_t verdict;      /**< an ASKEL_S4_VERDICT_ value */
  uint32_t pages;       /**< pages delivered */
  uint64_t rows;        /**< rows delivered */
  uint64_t requests;    /**< requests to the API, $metadata included; mints are not among them */
  uint64_t mints;       /**< tokens minted for this read */
  uint64_t mints_unused; /**< of them, wiped without having been sent: at most the one made beside the last page */
  uint64_t retries;     /**< requests sent again */
  uint64_t bytes_wire;  /**< body bytes received, compressed as they came */
  uint64_t bytes;       /**< body bytes after decompression */
  int64_t server_count; /**< the server's own count, or -1 */
  uint64_t duplicates;  /**< rows refused because their key had come before */
  uint64_t duplicate_window; /**< among how many rows doubled keys would have been seen; 0: the rows have no key */
  int64_t elapsed_ms;   /**< milliseconds from the first request to the last answer */
  askel_s4_view first_key; /**< key of the first row as OData text: "SalesOrder='1'"; borrowed as `text` is */
  askel_s4_view last_key;  /**< key of the last row */
  /** One sentence: what was proven and what could not be. Borrowed until the next receipt is asked of this cursor or
   *  the cursor is freed. */
  askel_s4_view text;
} askel_s4_receipt;

#define ASKEL_S4_RECEIPT_INIT \
  {sizeof(askel_s4_receipt), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}}

/** Gives the receipt as it stands; final when the verdict is not READING.
 *  @param receipt [in: struct_size, out: the rest]  @return OK, INVALID_ARGUMENT, FORKED. One thread at a time. */
askel_s4_status askel_s4_cursor_receipt(askel_s4_cursor *cursor, askel_s4_receipt *receipt,
                                        askel_s4_error **out_error);

/** Frees a cursor; a call of it that still runs is cancelled.  @param cursor [in] may be NULL. */
void askel_s4_cursor_free(askel_s4_cursor *cursor);

/* ------------------------------------------------------------------------------------------------------------------
 * One document
 * --------------------------------------------------------------------------------------------------------------- */

/** Which document to get. */
typedef struct askel_s4_get_options {
  size_t struct_size;
  const char *service;    /**< as in askel_s4_read_options */
  const char *entity_set; /**< "A_SalesOrder" */
  /** Key with a `?` for each parameter: "?" for a key of one property, else "SalesOrder=?,SalesOrderItem=?".
   *  Literals go out as they are written. */
  const char *key;
  const askel_s4_param *params;
  size_t param_count;
  const char *select; /**< as in askel_s4_read_options */
  const char *expand;
  int64_t timeout_ms; /**< deadline in milliseconds; default: the client's */
  const char *traceparent; /**< as in askel_s4_read_options */
} askel_s4_get_options;

#define ASKEL_S4_GET_OPTIONS_INIT {sizeof(askel_s4_get_options), NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL}

/** One document or answer: status, ETag, body. */
typedef struct askel_s4_reply askel_s4_reply;

/** Starts getting one document by its key.
 *  @param out_call [out, free with askel_s4_call_free] take its result with askel_s4_call_take_reply; a key that does
 *  not exist is NOT_FOUND
 *  @return OK, INVALID_ARGUMENT, CREDENTIAL_EXPIRED, NOT_FOUND (the connection was deleted), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_client_get(const askel_s4_client *client, const askel_s4_get_options *options,
                                    askel_s4_call **out_call, askel_s4_error **out_error);

/** Takes the document that a call of askel_s4_client_get fetched, or what a write or another request was answered.
 *  @param out_reply [out, free with askel_s4_reply_free]
 *  @return OK; PENDING while it runs; INVALID_ARGUMENT for a call of another kind; or what went wrong. */
askel_s4_status askel_s4_call_take_reply(askel_s4_call *call, askel_s4_reply **out_reply, askel_s4_error **out_error);

/** Gives the HTTP status. @return 200..299; 0 for NULL. */
int32_t askel_s4_reply_http_status(const askel_s4_reply *reply);
/** Gives the document's ETag as SAP sent it, to be sent back byte for byte. @return never NULL; "" where there is
 *  none; borrowed until the reply is freed. */
const char *askel_s4_reply_etag(const askel_s4_reply *reply);
/** Gives the document as the JSON object that SAP sent. @return borrowed until the reply is freed. */
askel_s4_view askel_s4_reply_document(const askel_s4_reply *reply);
/** Gives a field of the document by its name, as askel_s4_cursor_field does; borrowed until the reply is freed.
 *  @return OK (also for an absent field), INVALID_ARGUMENT, FORKED. One thread at a time. */
askel_s4_status askel_s4_reply_field(askel_s4_reply *reply, const char *name, askel_s4_field *out_field,
                                     askel_s4_error **out_error);
/** Frees a reply. @param reply [in] may be NULL. */
void askel_s4_reply_free(askel_s4_reply *reply);

/** Gives a header of the answer: "sap-message" (warnings of SAP's as JSON), "location". Cookies and CSRF tokens are not
 *  among them.
 *  @param name [in] in any case  @return never NULL; "" where there is none; borrowed until the reply is freed. One
 *  thread at a time. */
const char *askel_s4_reply_header(askel_s4_reply *reply, const char *name);

/* ------------------------------------------------------------------------------------------------------------------
 * Writing one document, and operations
 *
 * Services of OData V2 and V4. A write goes out once. It is sent again only after an answer which proves that the
 * tenant did not process it: a CSRF token that is wanted (403 with x-csrf-token: Required), a 401 for a token, 429.
 * Where no such answer came, askel_s4_error_outcome says what is known: NOT_SENT, NOT_PROCESSED, PROCESSED or UNKNOWN,
 * the last with the code UNKNOWN_OUTCOME. The CSRF token and its session cookies are fetched once for each client and
 * service, kept in wiped memory, and dropped with the credential that they were granted to.
 * --------------------------------------------------------------------------------------------------------------- */

/** What a write does. */
enum {
  /** A new document (POST), with the documents below it that the body holds (deep insert). */
  ASKEL_S4_WRITE_CREATE = 1,
  /** The body's properties change, all others stay (PATCH). */
  ASKEL_S4_WRITE_UPDATE = 2,
  /** The same by OData V2's own verb (MERGE), for services of V2 that do not know PATCH. */
  ASKEL_S4_WRITE_MERGE = 3,
  /** The document becomes what the body says; properties left out go back to their defaults (PUT). */
  ASKEL_S4_WRITE_REPLACE = 4,
  /** The document goes (DELETE). */
  ASKEL_S4_WRITE_DELETE = 5
};

/** Which document to write, and what. */
typedef struct askel_s4_write_options {
  size_t struct_size;
  int32_t kind;           /**< an ASKEL_S4_WRITE_ value */
  const char *service;    /**< as in askel_s4_read_options */
  const char *entity_set; /**< "A_SalesOrder" */
  /** The document's key as in askel_s4_get_options; for CREATE NULL, or the key of the document below which
   *  `navigation` creates one. */
  const char *key;
  const askel_s4_param *params;
  size_t param_count;
  const char *navigation; /**< for CREATE: the property below which the document is created, "to_Item"; NULL: none */
  const char *body;       /**< JSON object in UTF-8, in SAP's spelling and value forms; NULL for DELETE */
  size_t body_size;       /**< bytes, at most 256 MiB */
  /** The ETag that was read with the document, byte for byte (If-Match): a document that was changed since then is left
   *  alone (PRECONDITION_FAILED). Not for CREATE. */
  const char *etag;
  /** 1 in place of etag: whatever stands there is overwritten (If-Match: *). */
  int32_t any_etag;
  int64_t timeout_ms; /**< deadline in milliseconds; default: the client's */
  const char *traceparent; /**< as in askel_s4_read_options */
  /** 1: the service knows repeatable requests: the write goes out with RequestID and RepeatabilityCreation, so that the
   *  tenant carries it out once however often it comes, and is sent again after a lost answer. Where a service that was
   *  asked again does not answer "RepeatabilityResult: accepted", that is UNKNOWN_OUTCOME: it may have written twice.
   *  Source: SAP Gateway, "Defining Settings for Idempotent Services". */
  int32_t repeatable;
} askel_s4_write_options;

#define ASKEL_S4_WRITE_OPTIONS_INIT \
  {sizeof(askel_s4_write_options), 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, 0, 0, NULL, 0}

/** Starts writing one document.
 *  @param out_call [out, free with askel_s4_call_free] take its result with askel_s4_call_take_reply: the new document
 *  of a CREATE, mostly nothing (an empty view) of the others
 *  @return OK, INVALID_ARGUMENT, CREDENTIAL_EXPIRED, NOT_FOUND (the connection was deleted), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_client_write(const askel_s4_client *client, const askel_s4_write_options *options,
                                      askel_s4_call **out_call, askel_s4_error **out_error);

/** Which operation of a service to call: a function import of OData V2, a function or an action of V4. */
typedef struct askel_s4_invoke_options {
  size_t struct_size;
  const char *service;    /**< as in askel_s4_read_options */
  const char *operation;  /**< "releaseApprovalRequest"; of a bound one with or without its namespace */
  const char *entity_set; /**< V4: what it is bound to; NULL: nothing */
  const char *key;        /**< V4: of the document that it is bound to, as in askel_s4_get_options; NULL: the set */
  const askel_s4_param *params;
  size_t param_count;
  /** Arguments with a `?` for each parameter: "SalesOrder=?"; NULL: none. Of an action of V4 they stand in the body. */
  const char *arguments;
  const askel_s4_param *argument_params;
  size_t argument_param_count;
  const char *body; /**< action of V4: JSON object with its parameters; NULL: none */
  size_t body_size;
  const char *etag;   /**< of the document that it changes (If-Match), where the service wants it; NULL: none */
  int32_t any_etag;   /**< 1 in place of etag: If-Match: * */
  int32_t repeatable; /**< as in askel_s4_write_options */
  int64_t timeout_ms; /**< deadline in milliseconds; default: the client's */
  const char *traceparent; /**< as in askel_s4_read_options */
} askel_s4_invoke_options;

#define ASKEL_S4_INVOKE_OPTIONS_INIT \
  {sizeof(askel_s4_invoke_options), NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0, NULL}

/** Starts calling an operation. One that $metadata declares with POST may change something and goes out once, as a
 *  write does; all others are reads.
 *  @param out_call [out, free with askel_s4_call_free] take its result with askel_s4_call_take_reply: the document or
 *  the value that the operation gave back (of V2 without the wrapping under its name), or an empty view; an operation
 *  that does not exist is NOT_FOUND
 *  @return OK, INVALID_ARGUMENT, CREDENTIAL_EXPIRED, NOT_FOUND (the connection was deleted), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_client_invoke(const askel_s4_client *client, const askel_s4_invoke_options *options,
                                       askel_s4_call **out_call, askel_s4_error **out_error);

/** Which write to settle. */
typedef struct askel_s4_settle_options {
  size_t struct_size;
  const char *service;    /**< as in the write */
  const char *entity_set; /**< as in the write */
  /** Property whose value the product made unique for each write: "PurchaseOrderByCustomer". The tenant itself does not
   *  hold it unique. */
  const char *field;
  const char *reference; /**< its value in this write */
  /** Milliseconds without such a document after which none is to be expected: a tenant may commit a write after a look
   *  that found nothing. 0: 60000. */
  int64_t quiet_ms;
  int64_t timeout_ms; /**< deadline in milliseconds; 0: quiet_ms and a minute more */
  const char *traceparent; /**< as in askel_s4_read_options */
} askel_s4_settle_options;

#define ASKEL_S4_SETTLE_OPTIONS_INIT {sizeof(askel_s4_settle_options), NULL, NULL, NULL, NULL, 0, 0, NULL}

/** Starts finding out what became of a CREATE that ended with UNKNOWN_OUTCOME: reads back by the reference until the
 *  document is there or the quiet period is over.
 *  @param out_call [out, free with askel_s4_call_free] take its result with askel_s4_call_take_text:
 *  {"outcome":"created"|"not_created"|"unknown","documents":["SalesOrder='4711'"],"looks":1,"ms":12}. created: with the
 *  keys of all documents that have the reference, at most 100, as askel_s4_get_options takes them; not_created: none
 *  came for the whole quiet period; unknown: the deadline came before that
 *  @return OK, INVALID_ARGUMENT, CREDENTIAL_EXPIRED, NOT_FOUND (the connection was deleted), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. READ_INCONSISTENT comes with the result where the service passes
 *  over the filter, or gives an empty page with a next link. */
askel_s4_status askel_s4_client_settle(const askel_s4_client *client, const askel_s4_settle_options *options,
                                       askel_s4_call **out_call, askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Any request
 * --------------------------------------------------------------------------------------------------------------- */

/** One header of a request. */
typedef struct askel_s4_header {
  const char *name;  /**< "Prefer" */
  const char *value; /**< visible ASCII, at most 16 KiB */
} askel_s4_header;

/** A request of the product's own making, for what the functions above have no form for: a REST service, an OData V4
 *  action, a $batch. It goes to the connection's host with the connection's credential, and nowhere else. */
typedef struct askel_s4_request_options {
  size_t struct_size;
  const char *method; /**< "GET", "HEAD", "POST", "PUT", "PATCH", "MERGE" or "DELETE" */
  const char *path;   /**< path and query, percent-encoded, beginning with "/"; at most 32 KiB */
  /** At most 64. Accept is "application/json" where none is given, and the body's Content-Type likewise. What the
   *  library sets itself is refused: Authorization, Cookie, X-CSRF-Token, X-Request-Id, Traceparent, Host, ... */
  const askel_s4_header *headers;
  size_t header_count;
  const char *body; /**< body_size bytes of any kind, at most 256 MiB; NULL: none */
  size_t body_size;
  /** Service whose CSRF session the request carries, as in askel_s4_read_options. NULL: none; a service that then
   *  answers 403 with x-csrf-token: Required wants it named. */
  const char *service;
  /** 1: sent twice it does what it does once, as a $batch of reads: it is sent again after a lost connection, as GET
   *  and HEAD are. 0: as with a write, only an answer that proves that it was not processed lets it be sent again. */
  int32_t repeatable;
  int64_t timeout_ms; /**< deadline in milliseconds; default: the client's */
  const char *traceparent; /**< as in askel_s4_read_options */
} askel_s4_request_options;

#define ASKEL_S4_REQUEST_OPTIONS_INIT \
  {sizeof(askel_s4_request_options), NULL, NULL, NULL, 0, NULL, 0, NULL, 0, 0, NULL}

/** Starts a request.
 *  @param out_call [out, free with askel_s4_call_free] take its result with askel_s4_call_take_reply: whatever was
 *  answered with 200..299 or 304, of any type; askel_s4_reply_document is its body, and askel_s4_reply_field reads a
 *  JSON object. Every other status is an error, a redirect too: it is not followed. Where the answer repeats the token
 *  or the password, asterisks stand in its place
 *  @return OK, INVALID_ARGUMENT, CREDENTIAL_EXPIRED, NOT_FOUND (the connection was deleted), VAULT_UNAVAILABLE,
 *  VAULT_KEY_REFUSED, VAULT_CORRUPT, CLOSED, FORKED. */
askel_s4_status askel_s4_client_request(const askel_s4_client *client, const askel_s4_request_options *options,
                                        askel_s4_call **out_call, askel_s4_error **out_error);

/* ------------------------------------------------------------------------------------------------------------------
 * Sales orders
 * --------------------------------------------------------------------------------------------------------------- */

/** Which sales orders, by how far their delivery has come (OverallDeliveryStatus: deliveries created, not goods
 *  issued). */
enum {
  ASKEL_S4_DELIVERY_ANY = 0,
  ASKEL_S4_DELIVERY_NOT_STARTED = 1, /**< status A */
  ASKEL_S4_DELIVERY_PARTIAL = 2      /**< status B */
};

/** Which sales orders to read. */
typedef struct askel_s4_sales_order_options {
  size_t struct_size;
  /** First creation date, "2026-10-24"; NULL: any. */
  const char *created_from;
  /** An ASKEL_S4_DELIVERY_ value. */
  int32_t delivery;
  /** 1: also completed orders; 0: open ones only (OverallSDProcessStatus not C). */
  int32_t include_completed;
  /** 1: each order with its items and their schedule lines (to_Item/to_ScheduleLine). */
  int32_t with_items;
  /** Rows a page, as in askel_s4_read_options. */
  uint32_t page_size;
  /** An ASKEL_S4_COUNT_ value. */
  int32_t count;
  /** Deadline of each page in milliseconds; default: the client's. */
  int64_t timeout_ms;
  const char *traceparent; /**< as in askel_s4_read_options */
} askel_s4_sales_order_options;

#define ASKEL_S4_SALES_ORDER_OPTIONS_INIT {sizeof(askel_s4_sales_order_options), NULL, 0, 0, 0, 0, 0, 0, NULL}

/** Prepares a read of sales orders: askel_s4_client_read on A_SalesOrder of API_SALES_ORDER_SRV with the fields that an
 *  order list shows: SalesOrder, SalesOrderType, SoldToParty, CreationDate, RequestedDeliveryDate, TotalNetAmount,
 *  TransactionCurrency, OverallSDProcessStatus, OverallDeliveryStatus, OverallOrdReltdBillgStatus, TotalBlockStatus,
 *  PurchaseOrderByCustomer, LastChangeDateTime. Source: SAP_COM_0109.
 *  @param options [in] may be NULL: all open orders  @param out_cursor [out, free with askel_s4_cursor_free]
 *  @return OK, INVALID_ARGUMENT, CLOSED, FORKED. */
askel_s4_status askel_s4_sales_order_read(const askel_s4_client *client, const askel_s4_sales_order_options *options,
                                          askel_s4_cursor **out_cursor, askel_s4_error **out_error);

/** Says in English what a status code of a sales order means.
 *  @param property [in] "OverallSDProcessStatus", "OverallDeliveryStatus", ...  @param code [in] "", "A", "B", "C"
 *  @return borrowed for the life of the process; NULL for a property or code that is not known. Safe from any thread.
 *  Source: SAP's status domain STATV; SAP_COM_0109. */
const char *askel_s4_sales_order_status_text(const char *property, const char *code);

/* ------------------------------------------------------------------------------------------------------------------
 * Blocking conveniences, for programs that have nothing else to do. They cannot be cancelled: where a person may want
 * to stop, start the call, keep it, and use askel_s4_call_cancel.
 * --------------------------------------------------------------------------------------------------------------- */

/** askel_s4_connection_check, waited for. @param out_json [out, free with askel_s4_string_free] */
static inline askel_s4_status askel_s4_connection_check_wait(const askel_s4_instance *instance, const char *id,
                                                             const askel_s4_check_options *options, char **out_json,
                                                             askel_s4_error **out_error) {
  askel_s4_call *call = NULL;
  askel_s4_status status;
  if (out_json) *out_json = NULL;
  status = askel_s4_connection_check(instance, id, options, &call, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_wait(call, -1, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_take_text(call, out_json, out_error);
  askel_s4_call_free(call);
  return status;
}

/** askel_s4_cursor_next, waited for. @param out_has_page [out] 1: a page is at hand; 0: there are no more */
static inline askel_s4_status askel_s4_cursor_next_wait(askel_s4_cursor *cursor, int32_t *out_has_page,
                                                        askel_s4_error **out_error) {
  askel_s4_call *call = NULL;
  askel_s4_status status;
  if (out_has_page) *out_has_page = 0;
  status = askel_s4_cursor_next(cursor, &call, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_wait(call, -1, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_take_page(call, out_has_page, out_error);
  askel_s4_call_free(call);
  return status;
}

/** askel_s4_client_get, waited for. @param out_reply [out, free with askel_s4_reply_free] */
static inline askel_s4_status askel_s4_client_get_wait(const askel_s4_client *client,
                                                       const askel_s4_get_options *options, askel_s4_reply **out_reply,
                                                       askel_s4_error **out_error) {
  askel_s4_call *call = NULL;
  askel_s4_status status;
  if (out_reply) *out_reply = NULL;
  status = askel_s4_client_get(client, options, &call, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_wait(call, -1, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_take_reply(call, out_reply, out_error);
  askel_s4_call_free(call);
  return status;
}

/** askel_s4_client_write, waited for. @param out_reply [out, free with askel_s4_reply_free] */
static inline askel_s4_status askel_s4_client_write_wait(const askel_s4_client *client,
                                                         const askel_s4_write_options *options,
                                                         askel_s4_reply **out_reply, askel_s4_error **out_error) {
  askel_s4_call *call = NULL;
  askel_s4_status status;
  if (out_reply) *out_reply = NULL;
  status = askel_s4_client_write(client, options, &call, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_wait(call, -1, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_take_reply(call, out_reply, out_error);
  askel_s4_call_free(call);
  return status;
}

/** askel_s4_client_invoke, waited for. @param out_reply [out, free with askel_s4_reply_free] */
static inline askel_s4_status askel_s4_client_invoke_wait(const askel_s4_client *client,
                                                          const askel_s4_invoke_options *options,
                                                          askel_s4_reply **out_reply, askel_s4_error **out_error) {
  askel_s4_call *call = NULL;
  askel_s4_status status;
  if (out_reply) *out_reply = NULL;
  status = askel_s4_client_invoke(client, options, &call, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_wait(call, -1, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_take_reply(call, out_reply, out_error);
  askel_s4_call_free(call);
  return status;
}

/** askel_s4_client_request, waited for. @param out_reply [out, free with askel_s4_reply_free] */
static inline askel_s4_status askel_s4_client_request_wait(const askel_s4_client *client,
                                                           const askel_s4_request_options *options,
                                                           askel_s4_reply **out_reply, askel_s4_error **out_error) {
  askel_s4_call *call = NULL;
  askel_s4_status status;
  if (out_reply) *out_reply = NULL;
  status = askel_s4_client_request(client, options, &call, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_wait(call, -1, out_error);
  if (status == ASKEL_S4_OK) status = askel_s4_call_take_reply(call, out_reply, out_error);
  askel_s4_call_free(call);
  return status;
}

#ifdef __cplusplus
}
#endif

#endif /* ASKEL_S4_H */
