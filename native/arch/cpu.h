// cpu.h: includes this architecture's Cpu, Shim and page-table entries.
#pragma once

#if defined(__x86_64__)
#include "arch/x86_64/page_entry.h"
#include "arch/x86_64/trap.h"
#elif defined(__aarch64__)
#include "arch/arm64/page_entry.h"
#include "arch/arm64/trap.h"
#endif
