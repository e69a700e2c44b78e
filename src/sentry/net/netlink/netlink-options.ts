// NetlinkOptions: the options of level SOL_NETLINK: netlink(7). Groups are joined, and nothing is ever sent to them: nothing changes.

import {EINVAL, ENOPROTOOPT, Errno} from '../../../abi/errno.ts'
import * as abi from '../../../abi/netlink.ts'
import {viewOf} from '../../../abi/view.ts'

const SWITCHES: readonly number[] = [
  ...[abi.NETLINK_PKTINFO, abi.NETLINK_BROADCAST_ERROR, abi.NETLINK_NO_ENOBUFS, abi.NETLINK_CAP_ACK],
  ...[abi.NETLINK_EXT_ACK, abi.NETLINK_GET_STRICT_CHK],
]
/** No protocol here has a group beyond. */
const MAX_GROUP = 64

export class NetlinkOptions {
  #switches = 0
  /** Bit n - 1: group n. */
  readonly #groups = new Uint32Array(MAX_GROUP / 32)

  /** Groups 1 to 32, as an address shows them. */
  get groups(): number {
    return this.#groups[0]
  }

  /** bind(2): in place of those that it was in. */
  joinGroups(groups: number): void {
    this.#groups[0] = groups
  }

  isOn(option: number): boolean {
    return (this.#switches & (1 << option)) !== 0
  }

  /** @throws Errno ENOPROTOOPT, EINVAL */
  set(level: number, option: number, value: Uint8Array): void {
    if (level !== abi.SOL_NETLINK) throw new Errno(ENOPROTOOPT)
    const isMembership = option === abi.NETLINK_ADD_MEMBERSHIP || option === abi.NETLINK_DROP_MEMBERSHIP
    if (!isMembership && !SWITCHES.includes(option)) throw new Errno(ENOPROTOOPT)
    if (value.length < 4) throw new Errno(EINVAL)
    const number = viewOf(value).getUint32(0, true)
    if (isMembership) this.#change(number, option === abi.NETLINK_ADD_MEMBERSHIP)
    else if (number !== 0) this.#switches |= 1 << option
    else this.#switches &= ~(1 << option)
  }

  #change(group: number, isMember: boolean): void {
    if (group === 0 || group > MAX_GROUP) throw new Errno(EINVAL)
    const [word, bit] = [(group - 1) >> 5, 1 << ((group - 1) & 31)]
    if (isMember) this.#groups[word] |= bit
    else this.#groups[word] &= ~bit
  }

  /** @throws Errno ENOPROTOOPT */
  get(level: number, option: number): Uint8Array {
    if (level !== abi.SOL_NETLINK) throw new Errno(ENOPROTOOPT)
    if (option === abi.NETLINK_LIST_MEMBERSHIPS) return new Uint8Array(this.#groups.slice().buffer)
    if (!SWITCHES.includes(option)) throw new Errno(ENOPROTOOPT)
    return new Uint8Array(Int32Array.of(Number(this.isOn(option))).buffer)
  }
}
