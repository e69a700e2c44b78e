// Names of capabilities: linux/capability.h.

import {enumeration, hexOf, type Names} from '../text/number.ts'

const NAMES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT ' +
  'SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP ' +
  'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
const names = NAMES.split(' ').map((name) => `CAP_${name}`)
const byName: Names = Object.fromEntries(names.map((name, bit) => [name, bit]))

export const capabilityName = enumeration(byName, 'CAP_???')
export const capabilityVersion = enumeration(
  {
    _LINUX_CAPABILITY_VERSION_1: 0x19980330,
    _LINUX_CAPABILITY_VERSION_2: 0x20071026,
    _LINUX_CAPABILITY_VERSION_3: 0x20080522,
  },
  '_LINUX_CAPABILITY_VERSION_???',
)

/** `1<<CAP_CHOWN|1<<CAP_KILL`; `0` for none. */
export function capabilitySet(bits: bigint): string {
  const parts: string[] = []
  let rest = bits
  names.forEach((name, bit) => {
    if (((bits >> BigInt(bit)) & 1n) === 0n) return
    parts.push(`1<<${name}`)
    rest &= ~(1n << BigInt(bit))
  })
  if (rest !== 0n || parts.length === 0) parts.push(hexOf(Number(rest)))
  return parts.join('|')
}
