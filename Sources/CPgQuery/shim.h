// PostgreSQL's own parser, as a library.
#pragma once
#include <pg_query.h>
