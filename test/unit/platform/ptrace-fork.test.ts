// PtracePlatform: forks of spaces, spaces that are used again, and that none of them leaves anything behind.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync, readFileSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {EAGAIN} from '../../../src/abi/errno.ts'
import {SIGKILL} from '../../../src/abi/signal.ts'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEAD,
  EVENT_DEADLINE,
  EVENT_FAULT,
  EVENT_SYSCALL,
  type EventKind,
  PAGE_SIZE,
  type Platform,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/platform/platform.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {withCosts} from '../../helpers/costs.ts'
import {describePtrace, openPtrace, pidOf, procOf} from '../../helpers/ptrace.ts'
import {DATA_ADDRESS, inNs, LATE_NS} from '../../helpers/running-code.ts'
import {CODE_ADDRESS, contextAt, expectKept, spaceWith, storeCode, userCode} from '../../helpers/user-code.ts'
import {errnoOf} from '../sentry/memory/simulated-guest.ts'

const SEED = 0x1111_2222_3333_4401n
const isRoot = process.getuid!() === 0

function eventOf(platform: Platform, context: Context, space: AddressSpace): EventKind {
  platform.resume(context, space)
  return platform.wait(inNs(LATE_NS))
}

/** Waits for the condition; what runs must not trap meanwhile. */
function runUntil(platform: Platform, condition: () => boolean): void {
  const endNs = inNs(LATE_NS)
  while (!condition() && addon.monotonicNs() < endNs)
    expect(platform.wait(addon.monotonicNs() + 1e6)).toBe(EVENT_DEADLINE)
  expect(condition()).toBe(true)
}

function storer(platform: Platform, address: number): Context {
  const context = contextAt(platform, SEED)
  const registers = context.readRegisters()
  registers[userCode.pointer] = BigInt(address)
  context.writeRegisters(registers)
  return context
}

/** Mappings below userTop, as the kernel reports them: where, with which rights, and which pages. */
function mappingsOf(platform: Platform, space: AddressSpace): string[] {
  const lines = procOf(pidOf(space), 'maps').trim().split('\n')
  return lines
    .filter((line) => Number.parseInt(line, 16) < platform.userTop)
    .map((line) => line.split(' ').slice(0, 3).join(' '))
}

/** Processes in the session that a platform's processes share, including dead ones. */
function sessionOf(pid: number): number[] {
  const [, , , session] = procOf(pid, 'stat').replace(/.*\) /, '').split(' ')
  return processesIn(session)
}

function processesIn(session: string): number[] {
  const members: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (readFileSync(`/proc/${name}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[3] === session)
        members.push(Number(name))
    } catch {}
  }
  return members
}

describePtrace('a fork of a space', () => {
  test('maps the same pages with the same rights', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const data = platform.memory.allocate(3 * PAGE_SIZE)
    space.map(DATA_ADDRESS, 3 * PAGE_SIZE, data, PROT_READ | PROT_WRITE)
    space.map(DATA_ADDRESS + PAGE_SIZE, PAGE_SIZE, data + PAGE_SIZE, PROT_READ)
    space.unmap(DATA_ADDRESS + 2 * PAGE_SIZE, PAGE_SIZE)
    space.commit()
    const child = space.fork()
    const mappings = mappingsOf(platform, child)
    expect(mappings).toHaveLength(3)
    expect(mappings).toEqual(mappingsOf(platform, space))
  })

  test('has its own edits from then on', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, userCode.store))
    const [before, after] = [platform.memory.allocate(PAGE_SIZE), platform.memory.allocate(PAGE_SIZE)]
    space.map(DATA_ADDRESS, PAGE_SIZE, before, PROT_READ | PROT_WRITE)
    space.commit()
    const child = space.fork()
    child.map(DATA_ADDRESS, PAGE_SIZE, after, PROT_READ | PROT_WRITE)
    child.commit()
    platform.memory.bytes.fill(0xaa, before, before + 1).fill(0xaa, after, after + 1)
    const context = storer(platform, DATA_ADDRESS)
    platform.resume(context, child)
    runUntil(platform, () => platform.memory.bytes[after] !== 0xaa)
    expect(platform.memory.bytes[before]).toBe(0xaa)
    platform.stop(context)
    child.dispose()
    // The parent's pages are as they were.
    platform.resume(storer(platform, DATA_ADDRESS), space)
    runUntil(platform, () => platform.memory.bytes[before] !== 0xaa)
  })

  test('runs contexts of its own while its parent’s are stopped in a call', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const parent = contextAt(platform, SEED)
    expect(eventOf(platform, parent, space)).toBe(EVENT_SYSCALL)
    const child = space.fork()
    const context = contextAt(platform, SEED + 1n)
    for (let turn = 0; turn < 3; turn++) {
      expect(eventOf(platform, context, child)).toBe(EVENT_SYSCALL)
      expect(eventOf(platform, parent, space)).toBe(EVENT_SYSCALL)
    }
    expectKept(context, SEED + 1n)
    expectKept(parent, SEED)
  })

  test('explains its faults from a signal stack of its own', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, userCode.store))
    let last = space
    for (let generation = 0; generation < 4; generation++) {
      const child = last.fork()
      expect(eventOf(platform, storer(platform, DATA_ADDRESS), child)).toBe(EVENT_FAULT)
      expect(platform.trapped.exactFault()).toMatchObject({address: DATA_ADDRESS, access: PROT_WRITE})
      last = child
    }
    const stacks = new Set<string>()
    for (const line of procOf(pidOf(last), 'maps').split('\n')) stacks.add(line.split(/\s+/)[2])
    for (const line of procOf(pidOf(space), 'maps').split('\n')) {
      if (line.includes('rw-s')) expect(stacks.has(line.split(/\s+/)[2])).toBe(false)
    }
  })

  test('is made while a context runs in its parent', () => {
    using platform: Platform = withCosts(new PtracePlatform(1 << 24, 2))
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const context = contextAt(platform, SEED)
    platform.resume(context, space)
    expect(platform.wait(addon.monotonicNs() + 2e7)).toBe(EVENT_DEADLINE)
    platform.resume(contextAt(platform, SEED), space.fork())
    expect(platform.wait(addon.monotonicNs() + 2e7)).toBe(EVENT_DEADLINE)
    expect(mappingsOf(platform, space)).toHaveLength(1)
  })

  test('fails for want of a process when its parent is killed just then', async () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const page = platform.memory.allocate(PAGE_SIZE)
    // Too many mappings to make in a process from the pool: the parent itself is forked.
    for (let i = 0; i < 70; i++) space.map(DATA_ADDRESS + 2 * i * PAGE_SIZE, PAGE_SIZE, page, PROT_READ)
    space.commit()
    const context = contextAt(platform, SEED)
    expect(eventOf(platform, context, space)).toBe(EVENT_SYSCALL)
    process.kill(pidOf(space), 'SIGKILL')
    while (!procOf(pidOf(space), 'stat').includes(') Z ')) await sleep(1)
    expect(errnoOf(() => space.fork())).toBe(EAGAIN)
    expect(eventOf(platform, context, space)).toBe(EVENT_DEAD)
  })

  test('outlives its parent', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    space.commit()
    const child = space.fork()
    process.kill(pidOf(space), 'SIGKILL')
    space.dispose()
    expect(eventOf(platform, contextAt(platform, SEED), child)).toBe(EVENT_SYSCALL)
  })
})

describePtrace('a space', () => {
  test('that is made after another was disposed of has nothing of it', () => {
    using platform = openPtrace()
    const first = spaceWith(platform, storeCode(platform, arch.callLoop))
    const context = contextAt(platform, SEED)
    expect(eventOf(platform, context, first)).toBe(EVENT_SYSCALL)
    first.dispose()
    const second = platform.createSpace()
    expect(eventOf(platform, contextAt(platform, SEED + 1n), second)).toBe(EVENT_FAULT)
    expect(mappingsOf(platform, second)).toEqual([])
    // The first space's context has kept its state.
    expectKept(context, SEED)
    second.map(CODE_ADDRESS, PAGE_SIZE, storeCode(platform, arch.callLoop), PROT_READ | 4)
    expect(eventOf(platform, context, second)).toBe(EVENT_SYSCALL)
    expectKept(context, SEED)
  })

  test('does not run contexts any more once it is disposed of', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const context = contextAt(platform, SEED)
    expect(eventOf(platform, context, space)).toBe(EVENT_SYSCALL)
    space.dispose()
    platform.createSpace()
    platform.resume(context, space)
    expect(() => platform.wait(inNs(LATE_NS))).toThrow('the address space is disposed')
  })

  test('is made anew when the host has killed all of the platform’s processes', () => {
    using platform = openPtrace()
    const spaces = [0, 1, 2].map(() => spaceWith(platform, storeCode(platform, arch.callLoop)))
    const contexts = spaces.map(() => contextAt(platform, SEED))
    contexts.forEach((context, index) => {
      expect(eventOf(platform, context, spaces[index])).toBe(EVENT_SYSCALL)
    })
    for (const pid of sessionOf(pidOf(spaces[0]))) process.kill(pid, 'SIGKILL')
    contexts.forEach((context, index) => {
      expect(eventOf(platform, context, spaces[index])).toBe(EVENT_DEAD)
      expect(platform.deathSignal).toBe(SIGKILL)
    })
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    expect(eventOf(platform, contextAt(platform, SEED), space)).toBe(EVENT_SYSCALL)
  })
})

describePtrace('nothing is left', () => {
  test('of a thousand forks', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    space.commit()
    const context = contextAt(platform, SEED)
    const before = new Set(sessionOf(pidOf(space)))
    const descriptors = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 1000; i++) {
      const child = space.fork()
      if (i % 10 === 0) expect(eventOf(platform, context, child)).toBe(EVENT_SYSCALL)
      child.dispose()
    }
    // Some emptied processes are kept.
    const after = sessionOf(pidOf(space)).filter((pid) => !before.has(pid))
    expect(after.length).toBeLessThanOrEqual(4)
    expect(after.filter((pid) => /^State:\tZ/m.test(procOf(pid, 'status')))).toEqual([])
    expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors)
    expectKept(context, SEED)
  })

  test('of a hundred at a time, nor of the platform', () => {
    const platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const children = Array.from({length: 100}, () => space.fork())
    const [, , , session] = procOf(pidOf(space), 'stat').replace(/.*\) /, '').split(' ')
    expect(processesIn(session).length).toBeGreaterThan(100)
    for (const child of children) child.dispose()
    expect(processesIn(session).length).toBeLessThanOrEqual(6)
    platform[Symbol.dispose]()
    expect(processesIn(session)).toEqual([])
  })

  test.skipIf(!isRoot)('of what a process had forked that is killed', async () => {
    const script = `
      const {Tracer, TracedSpace} = require('node-gyp-build')('native')
      const spaces = Array.from({length: 21}, () => new TracedSpace())
      spaces.forEach((space, i) => i === 0 ? space.open(new Tracer(1 << 20)) : space.open(spaces[i - 1], true))
      console.log(spaces.map(({pid}) => pid).join(' '))
      setInterval(() => spaces, 1000)`
    const parent = spawn(process.execPath, ['-e', script], {cwd: root})
    const [line] = await once(parent.stdout, 'data')
    const pids = String(line).trim().split(' ').map(Number)
    const [, , , session] = procOf(pids[0], 'stat').replace(/.*\) /, '').split(' ')
    expect(processesIn(session)).toEqual(expect.arrayContaining(pids))
    parent.kill('SIGKILL')
    while (processesIn(session).length > 0) await sleep(10)
  })
})
