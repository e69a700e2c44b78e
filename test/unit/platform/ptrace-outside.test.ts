// PtracePlatform: what the host's other processes, its administrator and its limits do to a program's process.

import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {readdirSync, statSync} from 'node:fs'
import {expect, test} from 'vitest'
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
} from '../../../src/platform/platform.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {withCosts} from '../../helpers/costs.ts'
import {contextOf, parallelCode} from '../../helpers/parallel-code.ts'
import {describePtrace, openPtrace, pidOf} from '../../helpers/ptrace.ts'
import {inNs, LATE_NS, placeWith} from '../../helpers/running-code.ts'
import {CODE_ADDRESS, contextAt, expectKept, spaceWith, storeCode, userCode} from '../../helpers/user-code.ts'

const SEED = 0x1111_2222_3333_4401n
/** Signals that are not faults, and two that would be if the kernel sent them. */
const SIGNALS = ['STOP', 'CONT', 'USR1', 'TERM', 'HUP', 'TSTP', 'CHLD', 'SEGV', 'TRAP']

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0

interface Running {
  platform: Platform
  space: AddressSpace
  context: Context
  next(deadlineNs?: number): EventKind
  [Symbol.dispose](): void
}

function start(code: ArrayLike<number>): Running {
  const platform = openPtrace()
  const space = spaceWith(platform, storeCode(platform, code))
  const context = contextAt(platform, SEED)
  const next = (deadlineNs = Number.POSITIVE_INFINITY) => {
    platform.resume(context, space)
    return platform.wait(deadlineNs)
  }
  return {platform, space, context, next, [Symbol.dispose]: () => platform[Symbol.dispose]()}
}

const send = (running: Running, signal: string): void =>
  void process.kill(pidOf(running.space), `SIG${signal}`)
/** Sets limits as the process's user, who needs no CAP_SYS_RESOURCE. */
function limit(running: Running, ...limits: string[]): void {
  const pid = pidOf(running.space)
  const {uid, gid} = statSync(`/proc/${pid}/task`)
  execFileSync('prlimit', ['--pid', String(pid), ...limits], {uid, gid})
}

function expectKilled(running: Running): void {
  expect(running.next()).toBe(EVENT_DEAD)
  expect(running.platform.deathSignal).toBe(SIGKILL)
  // Only that process has suffered.
  const space = spaceWith(running.platform, storeCode(running.platform, arch.callLoop))
  running.platform.resume(contextAt(running.platform, SEED), space)
  expect(running.platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_SYSCALL)
}

describePtrace('a signal from outside', () => {
  test.each(SIGNALS)('SIG%s does not reach the program', (signal) => {
    using running = start(arch.callLoop)
    for (let turn = 0; turn < 3; turn++) {
      expect(running.next()).toBe(EVENT_SYSCALL)
      send(running, signal)
    }
    expectKept(running.context, SEED)
  })

  test.skipIf(!hasPrlimit)('SIGXCPU, which the kernel sends, does not reach the program', () => {
    using running = start(userCode.spin)
    limit(running, '--cpu=1:60')
    expect(running.next(addon.monotonicNs() + 1.5e9)).toBe(EVENT_DEADLINE)
  })
})

describePtrace('SIGKILL from outside', () => {
  test('between two calls ends the program', () => {
    using running = start(arch.callLoop)
    expect(running.next()).toBe(EVENT_SYSCALL)
    send(running, 'KILL')
    expectKilled(running)
  })

  test('while the program computes ends it', () => {
    using running = start(userCode.spin)
    spawn('sh', ['-c', `sleep 0.05; kill -KILL ${pidOf(running.space)}`])
    expectKilled(running)
  })

  test('before its state is read and written, too', () => {
    using running = start(arch.callLoop)
    expect(running.next()).toBe(EVENT_SYSCALL)
    send(running, 'KILL')
    const registers = running.context.readRegisters()
    const state = running.context.readFpState()
    running.context.writeFpState(state)
    running.context.writeRegisters(registers)
    expectKilled(running)
  })

  test('before a fault is explained, too', () => {
    using running = start([])
    running.space.unmap(CODE_ADDRESS, PAGE_SIZE)
    expect(running.next()).toBe(EVENT_FAULT)
    send(running, 'KILL')
    expect(running.context.exactFault()).toMatchObject({address: CODE_ADDRESS})
    expectKilled(running)
  })
})

describePtrace('a process that may have no others', () => {
  test.skipIf(!hasPrlimit)('cannot be forked: EAGAIN', () => {
    using running = start(arch.callLoop)
    limit(running, '--nproc=1')
    expect(() => running.space.fork()).toThrow(expect.objectContaining({code: EAGAIN}))
    expect(running.next()).toBe(EVENT_SYSCALL)
    expectKept(running.context, SEED)
  })

  test.skipIf(!hasPrlimit)('has its contexts take turns', () => {
    using platform: Platform = withCosts(new PtracePlatform(1 << 24, 2))
    const {space, data} = placeWith(platform, parallelCode.storeForEver)
    const contexts = [1, 2].map((word) => contextOf(platform, word))
    limit({platform, space} as Running, '--nproc=1')
    for (const context of contexts) platform.resume(context, space)
    const seen = new Set<number>()
    const endNs = inNs(LATE_NS)
    while (seen.size < 2 && addon.monotonicNs() < endNs) {
      expect(platform.wait(addon.monotonicNs() + 1e6)).toBe(EVENT_DEADLINE)
      if (platform.memory.bytes[data] !== 0) seen.add(platform.memory.bytes[data])
    }
    expect([...seen].sort()).toEqual([1, 2])
    expect(readdirSync(`/proc/${pidOf(space)}/task`)).toHaveLength(1)
  })
})

describePtrace('a process that may have no thread more', () => {
  test.skipIf(!hasPrlimit)('has every call of its contexts answered', () => {
    using platform: Platform = withCosts(new PtracePlatform(1 << 24, 3))
    const space = spaceWith(platform, storeCode(platform, parallelCode.callAndCheck))
    limit({platform, space} as Running, '--nproc=1')
    for (const seed of [1n, 2n, 3n]) platform.resume(contextAt(platform, seed), space)
    const traps = new Map<Context, number>()
    const endNs = addon.monotonicNs() + 5e8
    while (addon.monotonicNs() < endNs) {
      expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_SYSCALL)
      const {trapped} = platform
      traps.set(trapped, (traps.get(trapped) ?? 0) + 1)
      trapped.setResult(parallelCode.answer)
      platform.resume(trapped, space)
    }
    expect(traps.size).toBe(3)
  })
})

describePtrace('a process that may map little', () => {
  test.skipIf(!hasPrlimit)('forgets what it has mapped for what is mapped now', () => {
    using running = start(arch.callLoop)
    expect(running.next()).toBe(EVENT_SYSCALL)
    limit(running, `--as=${1 << 20}`)
    running.space.map(0x200000, 1 << 19, 0, PROT_READ)
    expect(running.next()).toBe(EVENT_SYSCALL)
    running.space.map(0x400000, 1 << 19, 0, PROT_READ)
    expect(running.next()).toBe(EVENT_FAULT)
    const {isPageFault, address} = running.context.fault
    expect(isPageFault).toBe(true)
    expect(address - (address % PAGE_SIZE)).toBe(CODE_ADDRESS)
  })

  test.skipIf(!hasPrlimit)('ends when it may not even map that', () => {
    using running = start(arch.callLoop)
    expect(running.next()).toBe(EVENT_SYSCALL)
    limit(running, `--as=${1 << 20}`)
    running.space.map(0x200000, 1 << 21, 0, PROT_READ)
    expectKilled(running)
  })
})
