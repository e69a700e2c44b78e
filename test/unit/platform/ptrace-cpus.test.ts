// PtracePlatform with several CPUs: contexts in parallel, edits while they run, and how one is stopped or dies.

import {readdirSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  EVENT_FAULT,
  EVENT_SYSCALL,
  PAGE_SIZE,
  type Platform,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/platform/platform.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {withCosts} from '../../helpers/costs.ts'
import {contextOf, parallelCode, SEED} from '../../helpers/parallel-code.ts'
import {describePtrace, pidOf, procOf} from '../../helpers/ptrace.ts'
import {DATA_ADDRESS, inNs, LATE_NS, placeWith} from '../../helpers/running-code.ts'
import {CODE_ADDRESS, contextAt, expectKept, spaceWith, storeCode, userCode} from '../../helpers/user-code.ts'

const openCpus = (cpus: number): Platform => withCosts(new PtracePlatform(1 << 24, cpus))
const within = (ms: number): number => addon.monotonicNs() + ms * 1e6
const threadsOf = (space: AddressSpace): number => readdirSync(`/proc/${pidOf(space)}/task`).length

/** The processors on which each thread of a space may run. */
function processorsOf(space: AddressSpace): string[] {
  const pid = pidOf(space)
  return readdirSync(`/proc/${pid}/task`).map(
    (thread) => /^Cpus_allowed:\s*(\S+)$/m.exec(procOf(pid, `task/${thread}/status`))![1],
  )
}

function sleepOf(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Waits for the next event, which must be a system call or `expected`. */
function next(platform: Platform, expected = EVENT_SYSCALL): Context {
  const deadlineNs = inNs(LATE_NS)
  expect(platform.wait(deadlineNs)).toBe(expected)
  // The deadline would have revealed an event that was overlooked.
  expect(addon.monotonicNs()).toBeLessThan(deadlineNs)
  return platform.trapped
}

describePtrace('two contexts', () => {
  test.skipIf(availableParallelism() === 1).each([
    ['in one space', 1],
    ['in two spaces', 2],
  ])('%s run in parallel', (_, count) => {
    using platform = openCpus(2)
    const {space, data} = placeWith(platform, userCode.pass)
    const spaces = [space, count === 1 ? space : space.fork()]
    // If they took turns on one processor, each round would take two time slices.
    const rounds = 5000
    platform.memory.bytes[data] = 1
    platform.resume(contextOf(platform, 1, 2, rounds), spaces[0])
    platform.resume(contextOf(platform, 2, 1, rounds), spaces[1])
    next(platform)
    next(platform)
    expect(platform.memory.bytes[data]).toBe(1)
    const processors = spaces.flatMap((each) => processorsOf(each))
    expect(new Set(processors).size).toBe(2)
  })

  test('are told apart when they trap', () => {
    using platform = openCpus(2)
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const contexts = [contextAt(platform, SEED), contextAt(platform, SEED + 1n)]
    const traps = new Map<Context, number>()
    for (const context of contexts) platform.resume(context, space)
    const endNs = inNs(LATE_NS)
    const fewest = () => Math.min(...contexts.map((context) => traps.get(context) ?? 0))
    while (fewest() < 50 && addon.monotonicNs() < endNs) {
      const trapped = next(platform)
      expect(trapped.callNumber).toBe(arch.callLoopNumber)
      traps.set(trapped, (traps.get(trapped) ?? 0) + 1)
      trapped.setResult(1)
      platform.resume(trapped, space)
    }
    expect(fewest()).toBe(50)
    for (const context of contexts) platform.stop(context)
    contexts.forEach((context, index) => {
      expectKept(context, SEED + BigInt(index))
    })
    expect(threadsOf(space)).toBe(2)
  })

  test('are no more than there are CPUs', () => {
    using platform = openCpus(1)
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    platform.resume(contextAt(platform, SEED), space)
    expect(() => platform.resume(contextAt(platform, SEED), space)).toThrow('more contexts than CPUs')
  })
})

describePtrace('contexts of two programs', () => {
  /** Answers the contexts' calls until `isDone`. */
  function answerUntil(platform: Platform, spaceOf: Map<Context, AddressSpace>, isDone: () => boolean): void {
    const endNs = inNs(LATE_NS)
    while (!isDone() && addon.monotonicNs() < endNs) {
      const trapped = next(platform)
      trapped.setResult(1)
      platform.resume(trapped, spaceOf.get(trapped)!)
    }
    expect(isDone()).toBe(true)
  }

  // One program has more threads than there are processors, so one of them always runs.
  test.each([1, availableParallelism() + 1])(
    'that make calls have their turns: %i threads of one',
    (threads) => {
      using platform = openCpus(threads + 1)
      const code = storeCode(platform, arch.callLoop)
      const [many, one] = [spaceWith(platform, code), spaceWith(platform, code)]
      const traps = new Map<Context, number>()
      const spaceOf = new Map<Context, AddressSpace>()
      for (const space of [...Array(threads).fill(many), one]) {
        const context = contextAt(platform, SEED)
        spaceOf.set(context, space)
        traps.set(context, 0)
        platform.resume(context, space)
      }
      answerUntil(platform, spaceOf, () => {
        const {trapped} = platform
        if (trapped !== undefined) traps.set(trapped, traps.get(trapped)! + 1)
        return Math.min(...traps.values()) >= 500
      })
      expect(Math.max(...traps.values())).toBeLessThan(20 * 500)
    },
  )

  test('are left alone once there is one', () => {
    using platform = openCpus(2)
    const code = storeCode(platform, userCode.spin)
    const [spinner, other] = [contextAt(platform, SEED), contextAt(platform, SEED)]
    platform.resume(spinner, spaceWith(platform, code))
    platform.resume(other, spaceWith(platform, code))
    expect(platform.wait(within(1))).toBe(EVENT_DEADLINE)
    platform.stop(other)
    const before = platform.stats.exits
    // A hundred ticks. The deadline itself causes some stops where the program waits for a processor.
    expect(platform.wait(within(400))).toBe(EVENT_DEADLINE)
    expect(platform.stats.exits - before).toBeLessThan(20)
  })

  test.skipIf(availableParallelism() === 1)('run in parallel when one computes and one makes calls', () => {
    using platform = openCpus(2)
    const computing = spaceWith(platform, storeCode(platform, userCode.spin))
    const calling = spaceWith(platform, storeCode(platform, arch.callLoop))
    const caller = contextAt(platform, SEED)
    platform.resume(contextAt(platform, SEED), computing)
    platform.resume(caller, calling)
    answerUntil(platform, new Map([[caller, calling]]), () => {
      const processors = [computing, calling].flatMap((each) => processorsOf(each))
      return new Set(processors).size === 2
    })
  })
})

describePtrace('the calls of contexts', () => {
  // For more threads than the host allows, see ptrace-outside.test.ts.
  test.each([2, 4])('are all answered, on %i CPUs that have other processors and back', (cpus) => {
    using platform = openCpus(cpus)
    const space = spaceWith(platform, storeCode(platform, parallelCode.callAndCheck))
    const waiting = Array.from({length: 5}, () => contextAt(platform, SEED))
    const endNs = within(500)
    let running = 0
    while (addon.monotonicNs() < endNs) {
      for (; running < cpus; running++) platform.resume(waiting.shift()!, space)
      const trapped = next(platform)
      running--
      trapped.setResult(parallelCode.answer)
      waiting.push(trapped)
    }
  })
})

describePtrace('fifty contexts', () => {
  test.each([1, 2, 3])('on %i CPUs keep their registers, in as many threads', (cpus) => {
    using platform = openCpus(cpus)
    const code = storeCode(platform, arch.callLoop)
    const spaces = [spaceWith(platform, code), spaceWith(platform, code)]
    const waiting = Array.from({length: 50}, (_, index) => contextAt(platform, SEED + BigInt(index)))
    const all = [...waiting]
    const spaceOf = (context: Context) => spaces[all.indexOf(context) & 1]
    for (let i = 0; i < cpus; i++) {
      const context = waiting.shift()!
      platform.resume(context, spaceOf(context))
    }
    for (let turn = 0; turn < 300; turn++) {
      const trapped = next(platform)
      trapped.setResult(turn)
      waiting.push(trapped)
      const context = waiting.shift()!
      platform.resume(context, spaceOf(context))
    }
    for (const context of all) platform.stop(context)
    all.forEach((context, index) => {
      expectKept(context, SEED + BigInt(index))
    })
    for (const space of spaces) expect(threadsOf(space)).toBeLessThanOrEqual(cpus)
  })
})

/** A context stores at DATA_ADDRESS all the time: checks that nothing lands in the page after it was taken away. */
function stormOf(platform: Platform, space: AddressSpace, data: number, edit: () => void): void {
  const {bytes} = platform.memory
  const storer = contextOf(platform, 0xff)
  const [store, other] = [data, platform.memory.allocate(PAGE_SIZE)]
  platform.resume(storer, space)
  let [current, free] = [store, other]
  for (let turn = 0; turn < 100; turn++) {
    bytes[current] = 0
    while (bytes[current] === 0) expect(platform.wait(within(1))).toBe(EVENT_DEADLINE)
    edit()
    bytes[current] = 0
    sleepOf(0.2)
    expect(bytes[current]).toBe(0)
    expect(next(platform, EVENT_FAULT)).toBe(storer)
    ;[current, free] = [free, current]
    space.map(DATA_ADDRESS, PAGE_SIZE, current, PROT_READ | PROT_WRITE)
    space.commit()
    platform.resume(storer, space)
  }
}

describePtrace('an edit that takes away', () => {
  const edits: [string, (space: AddressSpace, data: number) => void][] = [
    ['a mapping', (space) => space.unmap(DATA_ADDRESS, PAGE_SIZE)],
    ['the right to write', (space, data) => space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ)],
  ]
  test.each(edits)('%s is in force once it is committed, whatever runs', (_, edit) => {
    using platform = openCpus(2)
    const {space, data} = placeWith(platform, parallelCode.storeForEver)
    // In a space of its own, so that two run at a time.
    const spinner = contextAt(platform, SEED)
    platform.resume(spinner, spaceWith(platform, storeCode(platform, userCode.spin)))
    stormOf(platform, space, data, () => {
      edit(space, data)
      space.commit()
    })
  })

  test('is made by a context that has stopped, too', () => {
    using platform = openCpus(2)
    const {space, data} = placeWith(platform, parallelCode.storeForEver)
    const code = storeCode(platform, arch.callLoop)
    space.map(CODE_ADDRESS + PAGE_SIZE, PAGE_SIZE, code, PROT_READ | 4)
    const caller = contextAt(platform, SEED)
    const registers = caller.readRegisters()
    for (const [index, word] of arch.initialRegisters(CODE_ADDRESS + PAGE_SIZE, 0).entries())
      if (word === BigInt(CODE_ADDRESS + PAGE_SIZE)) registers[index] = word
    caller.writeRegisters(registers)
    platform.resume(caller, space)
    expect(next(platform)).toBe(caller)
    stormOf(platform, space, data, () => {
      space.unmap(DATA_ADDRESS, PAGE_SIZE)
      space.commit()
    })
    expectKept(caller, SEED)
  })
})

describePtrace('an edit that adds', () => {
  test('lets a fault run on that another one has mended', () => {
    using platform = openCpus(2)
    const {space, data} = placeWith(platform, parallelCode.storeForEver)
    space.unmap(DATA_ADDRESS, PAGE_SIZE)
    const contexts = [contextOf(platform, 1), contextOf(platform, 2)]
    for (const context of contexts) platform.resume(context, space)
    const first = next(platform, EVENT_FAULT)
    space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ | PROT_WRITE)
    space.commit()
    platform.resume(first, space)
    const seen = new Set<number>()
    let faults = 1
    const endNs = inNs(LATE_NS)
    while (seen.size < 2 && addon.monotonicNs() < endNs) {
      // The other context's fault may have come before the fix.
      if (platform.wait(within(1)) === EVENT_FAULT) {
        faults++
        platform.resume(platform.trapped, space)
      }
      const stored = platform.memory.bytes[data]
      if (stored !== 0) seen.add(stored)
    }
    expect([...seen].sort()).toEqual([1, 2])
    expect(faults).toBeLessThanOrEqual(2)
  })
})
