// One exit by runAsync, whose thread hands it to JavaScript's, against one by run: with processors to spare, and with none.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {arch, root} from '../paths.mjs'
import {allowedCpus, best} from './measure.mjs'
import {emptyRow, row} from './row.mjs'

const MEMORY_BYTES = 1 << 20
const EXITS = 2000
/** Both threads look for each other before they sleep. */
const LIMIT = 2
/** With none to spare, they sleep each time: two wake-ups more than `run`. */
const BUSY_LIMIT = 6

/** Of an endless loop with one exit: code, where it lies, and the registers that it starts with. */
const guest = {
  // out %al, $0x10; jmp .-2
  x86_64: {
    base: 0,
    code: [0xe6, 0x10, 0xeb, 0xfc],
    registers: {'cs.base': 0n, 'cs.selector': 0n, rip: 0n, rflags: 2n},
  },
  // str wzr, [x9]; b .-4
  arm64: {
    base: 0x40000000,
    code: [0x3f, 0x01, 0x00, 0xb9, 0xff, 0xff, 0xff, 0x17],
    registers: {pc: 0x40000000n, x9: 0x10000000n},
  },
}[arch]

export async function runAsync({rounds}) {
  if (allowedCpus().length < 2) return [emptyRow('run-async', 'absent', 'needs two CPUs')]
  const alone = await measured(rounds, wallUs)
  const busy = allowedCpus().map(() => spawn(process.execPath, ['-e', 'console.log(1); for (;;);']))
  try {
    await Promise.all(busy.map(({stdout}) => once(stdout, 'data')))
    const beside = await measured(rounds, cpuUs)
    const note = `CPU time, beside ${busy.length} busy processes`
    return [
      row('run-async/exit', 'us', best(alone.async), 'by run', best(alone.here), {limit: LIMIT}),
      row('run-async/busy', 'us', best(beside.async), 'by run', best(beside.here), {limit: BUSY_LIMIT, note}),
    ]
  } finally {
    for (const each of busy) each.kill()
  }
}

/**
 * @param {() => number} clock in microseconds
 * @returns what an exit takes by it, by round
 */
async function measured(rounds, clock) {
  const {Vm} = await import(`${root}/dist/index.js`)
  const vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.base})
  try {
    vm.memory.write(guest.base, Uint8Array.from(guest.code))
    const vcpu = vm.createVcpu()
    vcpu.registers.set(guest.registers)
    const here = []
    const async = []
    for (let round = 0; round < rounds; round++) {
      here.push(await exitUs(clock, () => vcpu.run()))
      async.push(await exitUs(clock, () => vcpu.runAsync()))
    }
    return {here, async}
  } finally {
    vm[Symbol.dispose]()
  }
}

async function exitUs(clock, run) {
  const before = clock()
  for (let exits = 0; exits < EXITS; exits++) {
    const {kind} = await run()
    if (kind !== 'io' && kind !== 'mmio') throw new Error(`the guest ended with ${kind}`)
  }
  return (clock() - before) / EXITS
}

const wallUs = () => performance.now() * 1000

/** Of all threads; other processes do not lengthen it. */
function cpuUs() {
  const {user, system} = process.cpuUsage()
  return user + system
}
