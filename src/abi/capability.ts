// capabilities(7): their numbers, and sets of them as one number, which fits in 53 bits.

export const CAP_CHOWN = 0
export const CAP_DAC_OVERRIDE = 1
export const CAP_DAC_READ_SEARCH = 2
export const CAP_FOWNER = 3
export const CAP_FSETID = 4
export const CAP_KILL = 5
export const CAP_SETGID = 6
export const CAP_SETUID = 7
export const CAP_SETPCAP = 8
export const CAP_LINUX_IMMUTABLE = 9
export const CAP_NET_BIND_SERVICE = 10
export const CAP_NET_ADMIN = 12
export const CAP_NET_RAW = 13
export const CAP_IPC_LOCK = 14
export const CAP_IPC_OWNER = 15
export const CAP_SYS_CHROOT = 18
export const CAP_SYS_PTRACE = 19
export const CAP_SYS_ADMIN = 21
export const CAP_SYS_NICE = 23
export const CAP_SYS_RESOURCE = 24
export const CAP_MKNOD = 27
export const CAP_LEASE = 28
export const CAP_SETFCAP = 31
export const CAP_MAC_OVERRIDE = 32
export const CAP_WAKE_ALARM = 35
/** CAP_CHECKPOINT_RESTORE. */
export const LAST_CAPABILITY = 40

/** A set of capabilities: bit n is capability n. */
export type Capabilities = number

export const NO_CAPABILITIES: Capabilities = 0
export const ALL_CAPABILITIES: Capabilities = 2 ** (LAST_CAPABILITY + 1) - 1

const TWO_32 = 2 ** 32
const high = (set: Capabilities): number => Math.floor(set / TWO_32)

export function hasCapability(set: Capabilities, capability: number): boolean {
  return capability < 32 ? ((set >>> capability) & 1) !== 0 : ((high(set) >>> (capability - 32)) & 1) !== 0
}

export function capabilities(...members: readonly number[]): Capabilities {
  return members.reduce((set, capability) => set + 2 ** capability, 0)
}

export function intersection(a: Capabilities, b: Capabilities): Capabilities {
  return (high(a) & high(b)) * TWO_32 + ((a & b) >>> 0)
}

export function union(a: Capabilities, b: Capabilities): Capabilities {
  return (high(a) | high(b)) * TWO_32 + ((a | b) >>> 0)
}

export function difference(a: Capabilities, b: Capabilities): Capabilities {
  return a - intersection(a, b)
}

export function isSubset(part: Capabilities, whole: Capabilities): boolean {
  return intersection(part, whole) === part
}

/** _LINUX_CAPABILITY_VERSION_1: capget(2). */
export const VERSION_1 = 0x19980330
