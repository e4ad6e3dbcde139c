// PostgreSQL's own parser, as a library.
#pragma once
#include <pg_query.h>
#include <malloc.h>

// By default the memory of a thread grows by a few pages at a time, each time with a system call. mallopt(3).
static inline void CPgQuery_growInLargeSteps(void) {
    const int bytes = 4 << 20;
    mallopt(M_TOP_PAD, bytes);
    // Setting any of these fixes the size above which memory comes from mmap, at first 128 KiB.
    mallopt(M_MMAP_THRESHOLD, bytes);
}
