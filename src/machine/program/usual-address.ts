// usualAddress: the address of a network card, where the user gives none.

import {attempt} from '../../errors.ts'
import {addressOfInterface} from '../../vm/open-tap.ts'
import {type CardAddress, isHost, parseCardAddress} from './card-address.ts'

/** 10.0.2.0/24, where QEMU's user networking has its guest at 15 and its gateway at 2; passt(1) takes any address for a guest's. */
const [USER_NETWORK, USER_PREFIX, USER_GUEST, USER_GATEWAY] = [0x0a000200, 24, 15, 2]
const NETWORK_STEP = 0x100

/**
 * The address of a card whose user gives none: behind a socket that of a guest with QEMU's user networking; on a TAP interface with an
 * address the one beside the host's.
 * @param index of the card. @returns undefined for a TAP interface without an address, as of a bridge
 */
export function usualAddress(tap: string | undefined, index: number): CardAddress | undefined {
  if (tap === undefined) {
    const network = USER_NETWORK + index * NETWORK_STEP
    return {address: network + USER_GUEST, prefix: USER_PREFIX, gateway: network + USER_GATEWAY}
  }
  const host = parseCardAddress(attempt(() => addressOfInterface(tap)) ?? '')
  if (host === undefined) return undefined
  const {address: gateway, prefix} = host
  return {address: isHost(gateway + 1, prefix) ? gateway + 1 : gateway - 1, prefix, gateway}
}
