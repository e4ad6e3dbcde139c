#include <isa-l/igzip_lib.h>

// The memory that a level works in, 1 to 3: the macros are too much for Swift's importer.
static inline uint32_t CIsal_levelBytes(uint32_t level) {
    static const uint32_t bytes[] = {ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
                                     ISAL_DEF_LVL3_DEFAULT};
    return bytes[level];
}
