#define XXH_INLINE_ALL
#include <xxhash.h>

// With XXH_INLINE_ALL the functions are macros over renamed ones, which Swift does not see; and no library is linked.
static inline uint64_t CXXHash_xxh3(const void *_Nonnull bytes, size_t count) { return XXH3_64bits(bytes, count); }
static inline XXH3_state_t *_Nullable CXXHash_create(void) { return XXH3_createState(); }
static inline void CXXHash_free(XXH3_state_t *_Nonnull state) { XXH3_freeState(state); }
static inline void CXXHash_reset(XXH3_state_t *_Nonnull state) { XXH3_64bits_reset(state); }
static inline void CXXHash_update(XXH3_state_t *_Nonnull state, const void *_Nonnull bytes, size_t count) {
    XXH3_64bits_update(state, bytes, count);
}
static inline uint64_t CXXHash_digest(const XXH3_state_t *_Nonnull state) { return XXH3_64bits_digest(state); }
