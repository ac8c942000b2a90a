/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

/* Swift imports neither curl's variadic functions nor the macros that check their types. */
static inline CURLcode askel_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode askel_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode askel_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode askel_curl_set_write(CURL *handle, CURLoption option,
                                            size_t (*function)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(handle, option, function);
}
static inline CURLcode askel_curl_set_open_socket(CURL *handle,
                                                  curl_socket_t (*function)(void *, curlsocktype,
                                                                            struct curl_sockaddr *)) {
  return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, function);
}
static inline CURLcode askel_curl_set_ssl_context(CURL *handle, CURLcode (*function)(CURL *, void *, void *)) {
  return curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, function);
}
static inline CURLcode askel_curl_set_prerequest(CURL *handle, int (*function)(void *, char *, char *, int, int)) {
  return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
}
static inline CURLcode askel_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode askel_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode askel_curl_get_text(CURL *handle, CURLINFO info, char **value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode askel_curl_get_tls(CURL *handle, struct curl_tlssessioninfo **value) {
  return curl_easy_getinfo(handle, CURLINFO_TLS_SSL_PTR, value);
}
static inline CURLMcode askel_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}
static inline void askel_ssl_context_wipe_plaintext(void *context) {
  SSL_CTX_set_options((SSL_CTX *)context, SSL_OP_CLEANSE_PLAINTEXT);
}
static inline int askel_ssl_context_new_index(CRYPTO_EX_free *release) {
  return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, release);
}
static inline int askel_ssl_context_add_chain(SSL_CTX *context, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
/* The certificate and chain of a connection's context, and their key. */
static inline int askel_ssl_use_key_of_context(SSL *session, EVP_PKEY *key) {
  SSL_CTX *context = SSL_get_SSL_CTX(session);
  STACK_OF(X509) *chain = NULL;
  SSL_CTX_get0_chain_certs(context, &chain);
  return SSL_use_cert_and_key(session, SSL_CTX_get0_certificate(context), key, chain, 1);
}
static inline void askel_ssl_context_no_key_log(void *context) {
  SSL_CTX_set_keylog_callback((SSL_CTX *)context, NULL);
}
static inline const curl_version_info_data *askel_curl_version(void) { return curl_version_info(CURLVERSION_NOW); }
