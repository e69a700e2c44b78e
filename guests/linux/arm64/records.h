// records.h: the records after the registers in an arm64 signal frame: the kernel's arch/arm64/include/uapi/asm/sigcontext.h.
#pragma once

#include <asm/sigcontext.h>

#include "check.h"

#define EACH_RECORD(record, context) \
  struct _aarch64_ctx *record = (void *)(context)->uc_mcontext.__reserved; \
  record->magic && (char *)record < (char *)((context) + 1); \
  record = (void *)((char *)record + record->size)

// The record with that magic number, or null.
UNUSED static void *find_record(ucontext_t *context, uint32_t magic) {
  for (EACH_RECORD(record, context)) {
    if (record->magic == magic) return record;
    if (record->size < sizeof(*record)) return 0;
  }
  return 0;
}
