// A space's process: what it has of this process and of the host, and when it ends.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {addon} from '../../../src/addon.ts'
import {RIP, RSP} from '../../../src/arch/x86_64/registers.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_FAULT,
  EVENT_PREEMPTED,
  type EventKind,
  type Platform,
} from '../../../src/platform/platform.ts'
import type {NativeTracedSpace, NativeTracer} from '../../../src/platform/ptrace/addon.ts'
import {describePtrace, openPtrace, procOf} from '../../helpers/ptrace.ts'
import {CODE_ADDRESS, contextAt, spaceWith, storeCode} from '../../helpers/user-code.ts'

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']
const UNSHARE = ['--user', '--pid', '--fork', '--net', '--ipc', '--uts', '--mount', '--cgroup', 'true']
const canUnshare = spawnSync('unshare', UNSHARE).status === 0
/** movq $-0xa00000, %rax; jmp *%rax: gettimeofday in the page that Linux keeps for old programs. */
const CALL_VSYSCALL = [0x48, 0xc7, 0xc0, 0, 0, 0x60, 0xff, 0xff, 0xe0]
const isRoot = process.getuid!() === 0
const hasVsyscall = readFileSync('/proc/self/maps', 'utf8').includes('[vsyscall]')

describePtrace('the process of a space', () => {
  let tracer: NativeTracer
  let space: NativeTracedSpace
  beforeAll(() => {
    tracer = new addon.Tracer(1 << 20)
    space = new addon.TracedSpace()
    space.open(tracer)
  })
  afterAll(() => {
    space.dispose()
    tracer.dispose()
  })

  test('has only its own three mappings', () => {
    const maps = procOf(space.pid, 'maps').replace(/^\S+ .*\[vsyscall\]\n/m, '')
    const mappings = maps.trim().split('\n')
    expect(mappings.map((line) => line.split(' ')[1])).toEqual(['r-xs', 'r--s', 'rw-s'])
    const files = mappings.map((line) => /\/memfd:(\S+)/.exec(line)?.[1])
    expect(files).toEqual(['hv-stub', 'hv-guest', 'hv-guest'])
  })

  // An ordinary user may not look: PR_SET_DUMPABLE.
  test.skipIf(!isRoot)('has one descriptor, of guest memory, and no environment', () => {
    expect(readdirSync(`/proc/${space.pid}/fd`)).toEqual(['0'])
    expect(readlinkSync(`/proc/${space.pid}/fd/0`)).toContain('/memfd:hv-guest')
    expect(procOf(space.pid, 'environ')).toBe('')
  })

  test('gains no privileges, and has a filter for its calls', () => {
    const status = procOf(space.pid, 'status')
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^Seccomp:\t2$/m)
    expect(status).toMatch(/^Threads:\t1$/m)
  })

  test('is in a session of its own, where no terminal sends it signals', () => {
    const sessionOf = (pid: number) => Number(procOf(pid, 'stat').replace(/.*\) /, '').split(' ')[3])
    const session = sessionOf(space.pid)
    // The session of the process from which all spaces are forked.
    expect(session).toBe(sessionOf(session))
    expect(session).not.toBe(sessionOf(process.pid))
  })

  test.skipIf(!canUnshare)('is in namespaces of its own', () => {
    const namespacesOf = (pid: number) => NAMESPACES.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`))
    const ours = new Set(namespacesOf(process.pid))
    expect(namespacesOf(space.pid).filter((name) => ours.has(name))).toEqual([])
  })
})

describePtrace('the end of a process', () => {
  test('comes with that of the process that traces it', async () => {
    const script = `
      const {Tracer, TracedSpace} = require('node-gyp-build')('native')
      const space = new TracedSpace()
      space.open(new Tracer(1 << 20))
      console.log(space.pid)
      setInterval(() => space, 1000)`
    const parent = spawn(process.execPath, ['-e', script], {cwd: root})
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    while (isAlive(pid)) await sleep(10)
  })
})

describePtrace('a call in the vsyscall page', () => {
  test.skipIf(!hasVsyscall)('is not made, and comes as the fault of a jump there (only x86_64)', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, CALL_VSYSCALL))
    const context = contextAt(platform, 0n)
    const registers = context.readRegisters()
    // Linux looks for the return address first.
    registers[RSP] = BigInt(CODE_ADDRESS)
    context.writeRegisters(registers)
    for (let turn = 0; turn < 3; turn++) {
      expect(nextFault(platform, context, space)).toBe(EVENT_FAULT)
      expect(context.fault.address).toBe(-0xa0_0000)
      const [pc, stack] = [context.readRegisters()[RIP], context.readRegisters()[RSP]]
      expect([pc, stack]).toEqual([0xffff_ffff_ff60_0000n, BigInt(CODE_ADDRESS)])
    }
    // The sentry may set all registers.
    registers[RIP] = BigInt(CODE_ADDRESS)
    context.writeRegisters(registers)
    expect(nextFault(platform, context, space)).toBe(EVENT_FAULT)
  })
})

/** Waits for the next fault. A kick may come first. */
function nextFault(platform: Platform, context: Context, space: AddressSpace): EventKind {
  let event: EventKind
  do {
    platform.resume(context, space)
    event = platform.wait(Number.POSITIVE_INFINITY)
  } while (event === EVENT_PREEMPTED)
  return event
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(procOf(pid, 'status'))
  } catch {
    return false
  }
}
