#ifndef HALLEY_ALLOCATION_COUNTER_H
#define HALLEY_ALLOCATION_COUNTER_H

/// How many times this thread has asked for memory (malloc, calloc, realloc, aligned allocation) since it began.
unsigned long halley_allocations(void);

#endif
