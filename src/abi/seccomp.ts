// seccomp(2): linux/seccomp.h, linux/audit.h.

export const SECCOMP_MODE_DISABLED = 0
export const SECCOMP_MODE_STRICT = 1
export const SECCOMP_MODE_FILTER = 2

export const SECCOMP_SET_MODE_STRICT = 0
export const SECCOMP_SET_MODE_FILTER = 1
export const SECCOMP_GET_ACTION_AVAIL = 2
export const SECCOMP_GET_NOTIF_SIZES = 3

export const SECCOMP_FILTER_FLAG_TSYNC = 1 << 0
export const SECCOMP_FILTER_FLAG_LOG = 1 << 1
/** Speculative execution is the host's affair: the flag changes nothing. */
export const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1 << 2
export const SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 1 << 4

/** What a filter returns, as signed 32 bits: the smaller, the stricter. The low 16 bits are data. */
export const SECCOMP_RET_KILL_PROCESS = 0x8000_0000 | 0
export const SECCOMP_RET_KILL_THREAD = 0
export const SECCOMP_RET_TRAP = 0x0003_0000
export const SECCOMP_RET_ERRNO = 0x0005_0000
export const SECCOMP_RET_USER_NOTIF = 0x7fc0_0000
export const SECCOMP_RET_TRACE = 0x7ff0_0000
export const SECCOMP_RET_LOG = 0x7ffc_0000
export const SECCOMP_RET_ALLOW = 0x7fff_0000
export const SECCOMP_RET_ACTION_FULL = 0xffff_0000 | 0
export const SECCOMP_RET_DATA = 0xffff

/** struct seccomp_data: int nr, u32 arch, u64 instruction_pointer, u64 args[6]. */
export const SECCOMP_DATA_BYTES = 64
