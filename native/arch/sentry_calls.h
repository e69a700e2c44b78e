// sentry_calls.h: includes the architecture's sentry_calls.h.
#pragma once

#if defined(__x86_64__)
#include "arch/x86_64/sentry_calls.h"
#elif defined(__aarch64__)
#include "arch/arm64/sentry_calls.h"
#endif
