#include <pthread.h>

// glibc shows it under _GNU_SOURCE only, which would break Swift's own Glibc module.
extern int pthread_setname_np(pthread_t thread, const char *_Nonnull name);
