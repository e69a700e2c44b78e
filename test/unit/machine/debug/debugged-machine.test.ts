// A machine as gdb's target, over fake vCPUs: stops of all, steps, points in memory, ends; also what this host's KVM cannot do.

import {setImmediate as turn} from 'node:timers/promises'
import {afterEach, expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {HvError} from '../../../../src/errors.ts'
import type {Stop} from '../../../../src/gdb/target.ts'
import {DebuggedMachine} from '../../../../src/machine/debug/debugged-machine.ts'
import type {DebugLimits, DebugOptions} from '../../../../src/vm/debug.ts'
import type {DebugExit, Exit} from '../../../../src/vm/exit.ts'
import type {GuestMemory} from '../../../../src/vm/guest-memory.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'

const PC = arch.name === 'arm64' ? 'pc' : 'rip'
const AREA_BYTES = arch.name === 'arm64' ? 528 : 4096
const TRAP = arch.debug.breakpoint
const INTERRUPTED: Exit = {kind: 'interrupted'}
const all = [{thread: undefined, kind: 'go', signal: 0}] as const
const step = [{thread: 1, kind: 'step', signal: 0}, ...all] as const

/** A vCPU without paging, at 0x1000. */
class FakeVcpu {
  asked: DebugOptions = {}
  interrupts = 0
  readonly values = Object.fromEntries(addon.registerNames.map((name) => [name, 0n]))
  readonly registers = {
    get: (name: string) => this.values[name],
    getAll: () => this.values,
    set: (values: Record<string, bigint>) => Object.assign(this.values, values),
  }
  readonly vectors = {readArea: () => new Uint8Array(AREA_BYTES)}
  readonly debugLimits: DebugLimits

  constructor(limits: DebugLimits) {
    this.debugLimits = limits
    this.values[PC] = 0x1000n
  }

  debug(options: DebugOptions): void {
    this.asked = options
  }

  interrupt(): void {
    this.interrupts++
  }
}

const limits = {singleStep: true, softwareBreakpoints: true, breakpoints: 0, watchpoints: 4, shared: false}
let machine: DebuggedMachine
afterEach(() => machine.ended({exitCode: 0, signal: null, timedOut: false}))

function bench(count = 2) {
  const vcpus = Array.from({length: count}, () => new FakeVcpu(limits))
  const bytes = new Uint8Array(0x2000)
  const view = (at: number | bigint, length: number) => {
    if (Number(at) + length > bytes.length) throw new HvError('MEMORY_RANGE', 'nothing is there')
    return bytes.subarray(Number(at), Number(at) + length)
  }
  const memory = {
    view,
    read: (at: number, length: number) => view(at, length).slice(),
    write: (at: number, some: Uint8Array) => bytes.set(some, at),
  }
  const asVcpu = (index: number) => vcpus[index] as unknown as Vcpu
  machine = new DebuggedMachine({
    vcpus: vcpus.map((_, index) => asVcpu(index)),
    memory: memory as unknown as GuestMemory,
    kill: () => {},
  })
  const stops: Stop[] = []
  machine.onStop = (stop) => stops.push(stop)
  const running = new Set<number>()
  /** Does what a vCPU's loop does. */
  const arrive = (index: number): void => {
    void machine.mayRun(asVcpu(index)).then(() => running.add(index))
  }
  const leave = async (index: number, exit: Exit): Promise<boolean> => {
    running.delete(index)
    const isTaken = machine.takesExit(asVcpu(index), exit)
    arrive(index)
    await turn()
    return isTaken
  }
  const start = async (): Promise<void> => {
    for (const index of vcpus.keys()) arrive(index)
    await turn()
  }
  return {vcpus, bytes, stops, running, leave, start, arrive}
}

const debugExit = (cause: DebugExit['cause'], address = 0x1000n): Exit => ({kind: 'debug', cause, address})
const write: Exit = {kind: 'mmio', isWrite: true, address: 0xd000_0000, data: Uint8Array.of(1)}

test('it stands still at first, and is told of when all do', async () => {
  const {stops, running, arrive} = bench()
  arrive(0)
  await turn()
  expect(stops).toEqual([])
  arrive(1)
  await turn()
  expect(stops).toEqual([{what: 'signal', thread: 1, signal: 0}])
  expect(running.size).toBe(0)
  machine.resume(all)
  await turn()
  expect([...running]).toEqual([0, 1])
})

test('who comes upon a breakpoint stops the others, and the stop is told when they stand', async () => {
  const {vcpus, stops, leave, start} = bench()
  await start()
  machine.resume(all)
  await turn()
  expect(await leave(1, debugExit('breakpoint'))).toBe(true)
  expect(vcpus[0].interrupts).toBe(1)
  expect(stops).toHaveLength(1)
  expect(await leave(0, INTERRUPTED)).toBe(false)
  expect(stops[1]).toEqual({what: 'breakpoint', thread: 2})
})

test('a watched place that changes while others stop it is told next, before anything runs', async () => {
  const {stops, running, leave, start} = bench()
  await start()
  machine.addPoint('write', 0x1800n, 4, 1)
  machine.resume(all)
  await turn()
  await leave(1, debugExit('breakpoint'))
  await leave(0, debugExit('watchpoint', 0x1800n))
  machine.resume(all)
  expect(stops[2]).toEqual({what: 'watchpoint', thread: 1, address: 0x1800n, kind: 'write'})
  await turn()
  expect(running.size).toBe(0)
})

test('an access is completed before its vCPU stands still', async () => {
  const {vcpus, stops, running, leave, start} = bench()
  await start()
  machine.resume(all)
  await turn()
  machine.interrupt(2)
  await leave(1, INTERRUPTED)
  await leave(0, write)
  expect([...running]).toEqual([0])
  expect(vcpus[0].interrupts).toBe(2)
  expect(stops).toHaveLength(1)
  await leave(0, INTERRUPTED)
  expect(stops[1]).toEqual({what: 'signal', thread: 1, signal: 2})
})

test('an access is a step, though KVM does not count it; one that goes on is none yet', async () => {
  const {vcpus, stops, leave, start} = bench(1)
  await start()
  machine.resume(step)
  await turn()
  expect(vcpus[0].asked.singleStep).toBe(true)
  await leave(0, write)
  await leave(0, INTERRUPTED)
  expect(stops).toHaveLength(1)
  await leave(0, write)
  vcpus[0].values[PC] = 0x1004n
  await leave(0, INTERRUPTED)
  expect(stops[1]).toEqual({what: 'signal', thread: 1, signal: 5})
})

test('steps within a range are one', async () => {
  const {vcpus, stops, leave, start} = bench(1)
  await start()
  machine.resume([{thread: 1, kind: 'step', signal: 0, range: {address: 0x1000n, end: 0x1008n}}])
  await turn()
  for (const pc of [0x1004n, 0x1008n]) {
    expect(stops).toHaveLength(1)
    vcpus[0].values[PC] = pc
    await leave(0, debugExit('step'))
  }
  expect(stops).toHaveLength(2)
})

test('breakpoints in memory are there while it runs alone; the guest’s own are signals', async () => {
  const {vcpus, bytes, stops, leave, start} = bench(1)
  await start()
  expect(machine.addPoint('software', 0x1100n, 1, 1)).toBe(true)
  expect(machine.addPoint('software', 0x9000n, 1, 1)).toBe(false)
  machine.resume(all)
  await turn()
  expect(vcpus[0].asked).toMatchObject({softwareBreakpoints: true, breakpoints: []})
  expect(bytes.slice(0x1100, 0x1100 + TRAP.length)).toEqual(TRAP)
  await leave(0, debugExit('software', 0x1100n))
  expect(stops[1]).toEqual({what: 'breakpoint', thread: 1})
  expect(bytes[0x1100]).toBe(0)
  machine.resume(all)
  await turn()
  await leave(0, debugExit('software', 0x1200n))
  expect(stops[2]).toEqual({what: 'signal', thread: 1, signal: 5})
})

test('one that has gone while it ran leaves nothing behind, but to another that came meanwhile a machine that stands', async () => {
  const {vcpus, bytes, running, leave, start} = bench(1)
  await start()
  machine.addPoint('software', 0x1100n, 1, 1)
  machine.resume(all)
  await turn()
  machine.leave()
  await leave(0, INTERRUPTED)
  expect([running.size, bytes[0x1100], vcpus[0].asked]).toEqual([
    1,
    0,
    {breakpoints: [], watchpoints: [], softwareBreakpoints: false, singleStep: false},
  ])
  machine.leave()
  const stops: Stop[] = []
  machine.onStop = (stop) => stops.push(stop)
  machine.interrupt(0)
  await leave(0, INTERRUPTED)
  expect(stops).toEqual([{what: 'signal', thread: 1, signal: 0}])
  expect(running.size).toBe(0)
})

test('a machine that fails is looked at first, if somebody does; behind its end there is nothing to look at', async () => {
  const {vcpus, stops, start} = bench(1)
  await start()
  machine.resume(all)
  await turn()
  const exit: Exit = {kind: 'internal-error', suberror: 1, data: []}
  let isOver = false
  machine.takesExit(vcpus[0] as unknown as Vcpu, exit)
  void machine.failed(vcpus[0] as unknown as Vcpu, exit).then(() => {
    isOver = true
  })
  await turn()
  expect([stops[1], isOver]).toEqual([{what: 'signal', thread: 1, signal: 4}, false])
  machine.resume(all)
  await turn()
  expect(isOver).toBe(true)
  machine.ended({exitCode: null, signal: null, timedOut: false})
  expect(stops[2]).toEqual({what: 'exited', code: 125})
  expect(machine.threads()).toEqual([])
  expect(machine.readMemory(0x1000n, 4, 1)).toHaveLength(0)
  expect(machine.addPoint('hardware', 0x1000n, 4, 1)).toBe(false)
})

test('memory is read as far as there is any, and written whole or not at all', async () => {
  const {bytes, start} = bench(1)
  await start()
  expect(machine.readMemory(0x1ffen, 8, 1)).toHaveLength(2)
  expect(machine.readMemory(2n ** 64n - 4n, 8, 1)).toHaveLength(0)
  expect(machine.writeMemory(0x1ffen, Uint8Array.of(1, 2, 3, 4), 1)).toBe(false)
  expect(bytes.subarray(0x1ffe)).toEqual(new Uint8Array(2))
  expect(machine.writeMemory(0xffen, Uint8Array.of(1, 2, 3, 4), 1)).toBe(true)
  expect(machine.readMemory(0xffen, 4, 1)).toEqual(Buffer.of(1, 2, 3, 4))
  expect(machine.readMemory(0x1000n, 4, 9)).toHaveLength(0)
})
