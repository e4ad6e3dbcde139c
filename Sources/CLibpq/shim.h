#include <dlfcn.h>
#include <pthread.h>
#include <sys/eventfd.h>  // Not in Glibc's module map.
#include <libpq-fe.h>

// libpq 17 can send a cancel request over TLS; before, PQcancel sends it in the clear. One name for both.
#ifdef LIBPQ_HAS_ASYNC_CANCEL
typedef PGcancelConn CLibpqCancel;
static inline CLibpqCancel *_Nullable CLibpq_cancelCreate(PGconn *_Nonnull connection) {
    return PQcancelCreate(connection);
}
static inline int CLibpq_cancelSend(CLibpqCancel *_Nonnull cancel, char *_Nonnull message, int size) {
    (void)message, (void)size;
    return PQcancelBlocking(cancel);
}
static inline void CLibpq_cancelFree(CLibpqCancel *_Nonnull cancel) { PQcancelFinish(cancel); }
#else
typedef PGcancel CLibpqCancel;
static inline CLibpqCancel *_Nullable CLibpq_cancelCreate(PGconn *_Nonnull connection) {
    return PQgetCancel(connection);
}
static inline int CLibpq_cancelSend(CLibpqCancel *_Nonnull cancel, char *_Nonnull message, int size) {
    return PQcancel(cancel, message, size);
}
static inline void CLibpq_cancelFree(CLibpqCancel *_Nonnull cancel) { PQfreeCancel(cancel); }
#endif

// Bytes that OpenSSL has decrypted but libpq has not read: poll() on the socket does not see them.
static inline int CLibpq_tlsPending(PGconn *_Nonnull connection) {
    static int (*_Nullable pending)(const void *_Nonnull);
    void *tls = PQsslStruct(connection, "OpenSSL");
    if (!tls) return 0;
    if (!pending) pending = (int (*)(const void *))dlsym((void *)0 /* RTLD_DEFAULT */, "SSL_pending");
    return pending ? pending(tls) : 0;
}
