// libhiredis' reader and command formatter, from the system's headers (0.14 and 1.x alike).
#pragma once
#include <hiredis/hiredis.h>
