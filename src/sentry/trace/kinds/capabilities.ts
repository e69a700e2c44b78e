// Kinds of capget(2) and capset(2).

import {VERSION_1} from '../../../abi/capability.ts'
import {type Kinds, structIn} from '../kind.ts'
import {counted, enumeration, hexOf} from '../text/number.ts'
import type {TracedCall} from '../traced-call.ts'

/** linux/capability.h. */
const NAMES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT ' +
  'SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP ' +
  'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
const byName = counted('CAP_', NAMES)
const names = Object.keys(byName)

export const capabilityName = enumeration(byName, 'CAP_???')
const capabilityVersion = enumeration(
  {
    _LINUX_CAPABILITY_VERSION_1: 0x19980330,
    _LINUX_CAPABILITY_VERSION_2: 0x20071026,
    _LINUX_CAPABILITY_VERSION_3: 0x20080522,
  },
  '_LINUX_CAPABILITY_VERSION_???',
)

/** `1<<CAP_CHOWN|1<<CAP_KILL`; `0` for none. */
function capabilitySet(bits: bigint): string {
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

const HEADER_SIZE = 8
/** Three words per set; the first version has one set of 32, the others two. */
const SET_SIZE = 12

export const capabilities = {
  capheader: structIn(
    HEADER_SIZE,
    (view) => `{version=${capabilityVersion(view.getUint32(0, true))}, pid=${view.getInt32(4, true)}}`,
  ),
  capdata: {enter: showSets},
  capdata_out: {leave: showSets},
} satisfies Kinds

/** The header before it says how many words there are. */
function showSets(call: TracedCall, index: number): string {
  return call.follow(index, (address, memory) => {
    const words = memory.readUint32(call.address(index - 1)) === VERSION_1 ? 1 : 2
    const bits = (field: number): bigint => {
      const low = BigInt(memory.readUint32(address + 4 * field))
      return words === 1 ? low : low | (BigInt(memory.readUint32(address + SET_SIZE + 4 * field)) << 32n)
    }
    const fields = ['effective', 'permitted', 'inheritable'].map(
      (name, i) => `${name}=${capabilitySet(bits(i))}`,
    )
    return `{${fields.join(', ')}}`
  })
}
