// abi.h: the contract between the host and the guest's kernel mode: the trap frame and the doorbells. The same on every
// architecture; for C++ and for the assembler.
#pragma once

// The version of this file, of arch/trap_record.h and of what addon.cc exports: src/addon.ts refuses an addon of another version. It
// goes up with any change that the other side would notice.
#define HV_ABI_VERSION 33

// The trap frame: byte offsets in its page. A call's words fill the first cache line.
// Only the guest moves `state` from IDLE or ANSWERED to REQUEST; only the host moves it to ANSWERED.
#define HV_FRAME_STATE 0  // u32
#define HV_FRAME_POLLING \
  4  // u32, host: while it spins on `state`, how often the shim looks for an answer before it exits
#define HV_FRAME_NUMBER 8   // u64, the call's number
#define HV_FRAME_ARGS 16    // u64[6]
#define HV_FRAME_RESULT 64  // i64, host
#define HV_FRAME_ACTION 72  // u32, host: what the shim does before it returns to the program
// Where programs can reach the frame (PVM hosts), whose address their GS base then is:
#define HV_FRAME_CALLER \
  80  // u64: the address after the instruction that trapped; 0: the call came through the gate
#define HV_FRAME_GATE 88  // u64, host: where a call site that was patched jumps to
// u64, host: the same for calls whose results the host may know: while it knows any, where they are read; otherwise the gate.
#define HV_FRAME_CACHED_GATE 96
#define HV_FRAME_READ_CACHED 104  // u64, host: the address where they are read
#define HV_FRAME_CACHED 0x400     // u32[HV_CACHED_CALLS], host: results, by the calls' numbers
#define HV_CACHED_CALLS 256
#define HV_FRAME_SIZE 4096

#define HV_STATE_IDLE 0
#define HV_STATE_REQUEST 1
#define HV_STATE_ANSWERED 2

#define HV_ACTION_FLUSH 1      // page-table entries changed: flush the TLB
#define HV_ACTION_SYNC_CODE 2  // arm64: code was written: invalidate the instruction cache
#define HV_ACTION_LOAD 4       // arm64: the program goes on with the registers that the frame holds
