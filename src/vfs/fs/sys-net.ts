// sysfs of network interfaces: /sys/class/net, /sys/devices/virtual/net (Documentation/ABI/testing/sysfs-class-net).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {link} from './proc-links.ts'
import {type Entries, type Entry, subdirectory} from './proc-nodes.ts'
import {constant, text} from './proc-text.ts'

/** A network interface without a device behind it: Linux's `lo`. */
export interface NetworkInterface {
  readonly name: string
  readonly index: number
  /** ARPHRD_* */
  readonly type: number
  /** IFF_* */
  readonly flags: number
  /** The most bytes of a packet. */
  readonly mtu: number
  /** How many packets may wait to be sent. */
  readonly queueLength: number
  readonly hardwareAddress: readonly number[]
}

/** What an interface shows that never counts anything, in the order of Linux's list. */
const COUNTERS: readonly string[] = [
  ...['collisions', 'multicast', 'rx_bytes', 'rx_compressed', 'rx_crc_errors', 'rx_dropped', 'rx_errors'],
  ...['rx_fifo_errors', 'rx_frame_errors', 'rx_length_errors', 'rx_missed_errors', 'rx_nohandler'],
  ...['rx_over_errors', 'rx_packets', 'tx_aborted_errors', 'tx_bytes', 'tx_carrier_errors', 'tx_compressed'],
  ...['tx_dropped', 'tx_errors', 'tx_fifo_errors', 'tx_heartbeat_errors', 'tx_packets', 'tx_window_errors'],
]

/** The flags that user space sees here: dev->flags in Linux, without IFF_RUNNING and what follows from the carrier. */
const SHOWN_FLAGS = 0xffff & ~0x40

/** /sys/class/net */
export function netClass(interfaces: readonly NetworkInterface[]): Entry {
  return subdirectory(
    Object.fromEntries(interfaces.map(({name}) => [name, link(() => `../../devices/virtual/net/${name}`)])),
  )
}

/** /sys/devices/virtual/net */
export function netDevices(interfaces: readonly NetworkInterface[]): Entry {
  return subdirectory(Object.fromEntries(interfaces.map((each) => [each.name, interfaceDirectory(each)])))
}

function interfaceDirectory({name, index, type, flags, mtu, ...rest}: NetworkInterface): Entry {
  const address = (bytes: readonly number[]): Entry =>
    constant(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':'))
  return subdirectory({
    ...zeros('addr_assign_type', 'carrier_changes', 'carrier_down_count', 'carrier_up_count', 'dev_port'),
    ...zeros('dormant', 'gro_flush_timeout', 'link_mode', 'napi_defer_hard_irqs', 'netdev_group'),
    ...zeros('proto_down', 'testing', 'threaded'),
    addr_len: constant(rest.hardwareAddress.length),
    address: address(rest.hardwareAddress),
    broadcast: address(rest.hardwareAddress.map(() => 0)),
    carrier: constant(1),
    dev_id: constant('0x0'),
    duplex: text(unknownValue),
    flags: constant(`0x${(flags & SHOWN_FLAGS).toString(16)}`),
    ifalias: text(() => ''),
    ifindex: constant(index),
    iflink: constant(index),
    mtu: constant(mtu),
    name_assign_type: constant(2),
    operstate: constant('unknown'),
    queues: subdirectory({
      'rx-0': subdirectory({rps_cpus: constant(0), rps_flow_cnt: constant(0)}),
      'tx-0': subdirectory({tx_maxrate: constant(0), tx_timeout: constant(0), xps_rxqs: constant(0)}),
    }),
    speed: text(unknownValue),
    statistics: subdirectory(zeros(...COUNTERS)),
    subsystem: link(() => '../../../../class/net'),
    tx_queue_len: constant(rest.queueLength),
    type: constant(type),
    uevent: constant(`INTERFACE=${name}\nIFINDEX=${index}`),
  })
}

const zeros = (...names: readonly string[]): Entries =>
  Object.fromEntries(names.map((name) => [name, constant(0)]))

/** A cable's speed, which only a device has. */
function unknownValue(): never {
  throw new Errno(EINVAL)
}
