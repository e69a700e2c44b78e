// The same random keys, output and modes on a pseudo-terminal of this Linux and on the sentry's: same bytes, same readiness.

import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {describe, expect, test} from 'vitest'
import {EAGAIN, Errno} from '../../../../src/abi/errno.ts'
import {O_NONBLOCK, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {VMIN, VTIME} from '../../../../src/abi/termios.ts'
import {Pty} from '../../../../src/sentry/tty/pty.ts'
import {PtyMasterDescription} from '../../../../src/sentry/tty/pty-master.ts'
import type {PtySlaveDescription} from '../../../../src/sentry/tty/pty-slave.ts'
import type {FileDescription, Inode} from '../../../../src/vfs/file.ts'
import {FakeJobs} from './fake-jobs.ts'
import {bytesOf, textOf} from './typing.ts'

const DRIVER = fileURLToPath(new URL('../../../helpers/terminal-cases.py', import.meta.url))
const CASES = 120
const STEPS = 14
const SETTLE_SECONDS = 0.003
const TIMEOUT_SECONDS = [0.2, 1]

type Modes = readonly [input: number, output: number, local: number, min: number, time: number]
type Step = ['type' | 'print', string] | ['show' | 'read', number] | ['modes', Modes]
type Outcome = [found: unknown, master: number, slave: number][]
interface Case {
  modes: Modes
  steps: Step[]
}

/** ISTRIP INLCR IGNCR ICRNL IUCLC IXON IXANY PARMRK IUTF8. */
const INPUT = [0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x8, 0x4000]
/** OPOST OLCUC ONLCR OCRNL ONOCR ONLRET XTABS. */
const OUTPUT = [0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x1800]
/** ISIG ICANON ECHO ECHOE ECHOK ECHONL NOFLSH ECHOCTL ECHOPRT ECHOKE IEXTEN. */
const LOCAL = [0x1, 0x2, 0x8, 0x10, 0x20, 0x40, 0x80, 0x200, 0x400, 0x800, 0x8000]
/** Every key, letters, tabs, line ends, parts of UTF-8. */
const KEYS =
  'abC ,_\t\t\r\n\n\x7f\x7f\x15\x17\x16\x12\x04\x03\x1a\x11\x13\x11\b\x01\0\xff\xc3\xa9\xe2\x82\xac'

function random(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

function makeCase(seed: number): Case {
  const pick = random(seed)
  const some = (bits: readonly number[], odds: number): number =>
    bits.reduce((all, bit) => (pick(10) < odds ? all | bit : all), 0)
  const text = (most: number): string =>
    Array.from({length: 1 + pick(most)}, () => KEYS[pick(KEYS.length)]).join('')
  const modes = (): Modes => [some(INPUT, 3), some(OUTPUT, 4), some(LOCAL, 6), pick(4), 0]
  const step = (): Step => {
    const kind = pick(12)
    if (kind < 6) return ['type', text(12)]
    if (kind < 8) return ['print', text(8)]
    if (kind < 10) return ['read', 1 + pick(20)]
    return kind === 10 ? ['show', 1 + pick(200)] : ['modes', modes()]
  }
  return {modes: modes(), steps: [...Array.from({length: STEPS}, step), ['show', 4000], ['read', 4000]]}
}

const cases = Array.from({length: CASES}, (_, seed) => makeCase(seed))

function onLinux(some: readonly Case[], settleSeconds: number): Outcome[] {
  const settings = {input: JSON.stringify(some), encoding: 'utf8'} as const
  const {stdout, stderr, status} = spawnSync('python3', [DRIVER, String(settleSeconds)], settings)
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

function setModes(pty: Pty, [input, output, local, min, time]: Modes): void {
  const characters = pty.line.modes.characters.slice()
  characters[VMIN] = min
  characters[VTIME] = time
  pty.setModes({...pty.line.modes, input, output, local, characters})
}

function attempt<T>(action: () => T): T | null {
  try {
    return action()
  } catch (error) {
    if (error instanceof Errno && error.code === EAGAIN) return null
    throw error
  }
}

function readText(file: FileDescription, room: number): string | null {
  const target = new Uint8Array(room)
  const count = attempt(() => file.read(target))
  return count === null ? null : textOf(target.subarray(0, count))
}

function onSentry({modes, steps}: Case): Outcome {
  const jobs = new FakeJobs()
  jobs.add(5, 1, 5, 5)
  const pty = new Pty(1, {uid: 0, gid: 0}, () => jobs.kernel, {masterClosed: () => {}, freed: () => {}})
  const inode = {} as Inode
  pty.isLocked = false
  const master = new PtyMasterDescription(pty, inode, O_RDWR | O_NONBLOCK)
  const slave: PtySlaveDescription = pty.open(inode, O_RDWR | O_NONBLOCK)
  setModes(pty, modes)
  return steps.map(([what, argument]) => {
    const found = {
      type: () => master.write(bytesOf(argument as string)),
      print: () => attempt(() => slave.write(bytesOf(argument as string))),
      modes: () => setModes(pty, argument as Modes) ?? null,
      show: () => readText(master, argument as number),
      read: () => readText(slave, argument as number),
    }[what]()
    return [found, master.readiness(), slave.readiness()]
  })
}

describe('a pseudo-terminal', () => {
  const expected = onLinux(cases, SETTLE_SECONDS)

  test('is asked many different things', () => {
    expect(new Set(expected.flat().map(([found]) => JSON.stringify(found))).size).toBeGreaterThan(300)
  })

  test.each(cases.map((each, seed) => [seed, each] as const))('answers as Linux does: %i', (seed, each) => {
    const outcome = onSentry(each)
    // A busy Linux may not have moved the bytes yet: ask it again, with a longer time-out.
    let wanted = expected[seed]
    for (const seconds of TIMEOUT_SECONDS) {
      if (JSON.stringify(outcome) === JSON.stringify(wanted)) break
      wanted = onLinux([each], seconds)[0]
    }
    outcome.forEach((found, step) => {
      const {modes, steps} = each
      expect(JSON.stringify(found), JSON.stringify([modes, steps.slice(0, step + 1)])).toBe(
        JSON.stringify(wanted[step]),
      )
    })
  })
})
