#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdint.h>

// Parameters are arrays of unions with string keys, which Swift cannot write down.

static inline int CCrypto_hkdf(EVP_KDF *_Nonnull kdf, const uint8_t *_Nullable secret, size_t secretCount,
                               const uint8_t *_Nullable salt, size_t saltCount, const uint8_t *_Nullable info,
                               size_t infoCount, uint8_t *_Nonnull key, size_t keyCount) {
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    if (context == NULL) return 0;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, secretCount),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, saltCount),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, infoCount),
        OSSL_PARAM_construct_end(),
    };
    int done = EVP_KDF_derive(context, key, keyCount, parameters);
    EVP_KDF_CTX_free(context);
    return done > 0;
}

static inline int CCrypto_scrypt(EVP_KDF *_Nonnull kdf, const uint8_t *_Nullable password, size_t passwordCount,
                                 const uint8_t *_Nullable salt, size_t saltCount, uint64_t n, uint32_t r, uint32_t p,
                                 uint64_t bytesMax, uint8_t *_Nonnull key, size_t keyCount) {
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    if (context == NULL) return 0;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password, passwordCount),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, saltCount),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &bytesMax),
        OSSL_PARAM_construct_end(),
    };
    int done = EVP_KDF_derive(context, key, keyCount, parameters);
    EVP_KDF_CTX_free(context);
    return done > 0;
}
