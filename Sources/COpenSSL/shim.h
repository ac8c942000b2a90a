/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

/* Swift imports no macros with a cast in them. */
static inline long askel_bio_memory(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }
static inline int askel_error_is_no_start_line(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}
static inline int askel_pkey_selection_keypair(void) { return EVP_PKEY_KEYPAIR; }
/* One line as RFC 2253 has it, in UTF-8. */
static inline int askel_x509_name_print(BIO *bio, const X509_NAME *name) {
  return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}
/* What functions that were called from here, and have returned, left on the stack. */
static __attribute__((noinline, unused)) void askel_wipe_stack(void) {
  unsigned char left[32 << 10];
  OPENSSL_cleanse(left, sizeof left);
}
