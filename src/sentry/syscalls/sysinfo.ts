// sysinfo(2).

import {CLOCK_BOOTTIME} from '../../abi/time.ts'
import type {Syscall} from '../core/syscall.ts'
import {readClock} from '../time/clocks.ts'

const SYSINFO_BYTES = 112
const LOADS = 8
const TOTAL_RAM = 32
const FREE_RAM = 40
const PROCS = 80
const MEM_UNIT = 104

/** SI_LOAD_SHIFT: loads are fixed-point numbers. */
const LOAD_UNIT = 1 << 16

/** The memory is the guest's limit; there is no swap. */
export const sysinfo: Syscall = (task, args) => {
  const {memory} = task.kernel.platform
  const bytes = new Uint8Array(SYSINFO_BYTES)
  const view = new DataView(bytes.buffer)
  const up = readClock(task, CLOCK_BOOTTIME)
  view.setBigInt64(0, BigInt(up.nanoseconds > 0 ? up.seconds + 1 : up.seconds), true)
  for (const [index, load] of task.kernel.load.averages(task.kernel).entries())
    view.setBigUint64(LOADS + 8 * index, BigInt(Math.floor(load * LOAD_UNIT)), true)
  view.setBigUint64(TOTAL_RAM, BigInt(memory.size), true)
  view.setBigUint64(FREE_RAM, BigInt(memory.size - memory.inUseBytes), true)
  view.setUint16(PROCS, task.kernel.tasks.size, true)
  view.setUint32(MEM_UNIT, 1, true)
  task.memory.writeBytes(args.address(0), bytes)
  return 0
}
