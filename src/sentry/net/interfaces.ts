// Network interfaces, as ioctl(2) on a socket shows them: `lo` alone, down and without addresses, as in a new network namespace.
// man 7 netdevice; net/core/dev_ioctl.c.

import {EINVAL, ENODEV, ENOTTY, Errno} from '../../abi/errno.ts'
import {
  SIOCGIFCONF,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMAP,
  SIOCGIFMETRIC,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCGIFSLAVE,
  SIOCGIFTXQLEN,
} from '../../abi/ioctl.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {writeInt} from '../../vfs/int-argument.ts'

const LO = 'lo'
const LO_INDEX = 1
const IFF_LOOPBACK = 8
const ARPHRD_LOOPBACK = 772
/** struct ifreq: a name, then what was asked for. */
const NAME_BYTES = 16
const IFREQ_BYTES = 40
/** struct ifconf: how long the list is, and where. */
const IFCONF_BYTES = 16

/** The first bytes of the answer, little endian: what follows stays as it was. */
const LO_ANSWERS: ReadonlyMap<number, readonly number[]> = new Map([
  [SIOCGIFFLAGS, [IFF_LOOPBACK, 0]],
  [SIOCGIFINDEX, int32(LO_INDEX)],
  [SIOCGIFMETRIC, int32(0)],
  [SIOCGIFMTU, int32(65_536)],
  [SIOCGIFTXQLEN, int32(1000)],
  [SIOCGIFHWADDR, [ARPHRD_LOOPBACK & 0xff, ARPHRD_LOOPBACK >> 8, ...new Array(14).fill(0)]],
  [SIOCGIFMAP, new Array(24).fill(0)],
])

/** @throws Errno ENOTTY: another request; ENODEV: no such interface; EFAULT */
export function askInterface(request: number, address: number, memory: IoctlMemory): 0 {
  if (request === SIOCGIFCONF) {
    memory.read(address, IFCONF_BYTES)
    return writeInt(memory, address, 0)
  }
  const answer = LO_ANSWERS.get(request)
  if (answer === undefined && request !== SIOCGIFNAME && request !== SIOCGIFSLAVE) throw new Errno(ENOTTY)
  const bytes = memory.read(address, IFREQ_BYTES)
  if (request === SIOCGIFNAME) {
    if (bytes[NAME_BYTES] !== LO_INDEX || bytes.subarray(NAME_BYTES + 1, NAME_BYTES + 4).some(Boolean))
      throw new Errno(ENODEV)
    bytes.set([...Buffer.from(LO), 0])
  } else {
    if (nameIn(bytes) !== LO) throw new Errno(ENODEV)
    // No driver serves another interface.
    if (answer === undefined) throw new Errno(EINVAL)
    bytes.set(answer, NAME_BYTES)
  }
  memory.write(address, bytes)
  return 0
}

/** Without an alias: what follows a colon. */
function nameIn(bytes: Uint8Array): string {
  const name = Buffer.from(bytes.subarray(0, NAME_BYTES - 1)).toString('latin1')
  return name.split(/[\0:]/, 1)[0]
}

function int32(value: number): number[] {
  return [...new Uint8Array(Int32Array.of(value).buffer)]
}
