/* Valgrind's client requests, for Python: what is counted is what runs between start and stop. */
#include <valgrind/callgrind.h>

int running(void) { return RUNNING_ON_VALGRIND; }

void start(void)
{
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

void stop(const char *name)
{
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}
