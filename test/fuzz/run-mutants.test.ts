// 10,000 mutants of three programs, loaded into guest memory and run unless refused: no crash, no hang, no bug of our own.

import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {HvError} from '../../src/errors.ts'
import type {RunResult} from '../../src/launch/options.ts'
import type {Platform} from '../../src/platform/platform.ts'
import {Output, openInput, openOutput} from '../../src/sandbox/sentry/streams.ts'
import {type ProgramOptions, Sentry} from '../../src/sentry/outside/sentry.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../src/vfs/virtual-file-system.ts'
import {mutants} from '../helpers/mutate.ts'
import {platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

const SEED = 20_261_126
/** HV_LONG=1 (`npm run test:long`): all of them. */
const MUTANTS_EACH = process.env.HV_LONG === '1' ? 3334 : 800
const PROGRAMS = ['hello', 'musl-basics', 'auxv-pie']
const TIME_LIMIT_MS = 20
/** The most that a run with that limit may take, on a machine that does other things too. */
const HANG_MS = 5000
/** Much, for page tables: on a PVM host those of ended programs stay. */
const MEMORY_BYTES = 2 ** 31
const MAX_OUTPUT = 64 << 10
/** What a sentry may keep of ended programs. */
const KEPT_BYTES = 1 << 20
const REFUSALS = new Set(['BAD_ELF', 'NOT_EXECUTABLE', 'NO_INTERPRETER', 'OUT_OF_MEMORY'])

for (const {name: platformName, isHere, open} of platforms) {
  describe.skipIf(!isHere)(`mutants in a sentry on ${platformName}`, () => {
    let platform: Platform
    let sentry: Sentry
    let folder: string
    let emptyBytes: number

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'hv-mutants-'))
    })

    afterAll(() => rmSync(folder, {recursive: true}))

    beforeEach(() => {
      platform = open(MEMORY_BYTES)
      sentry = new Sentry(platform, {root: folder, volumes: []})
      emptyBytes = platform.memory.allocatedBytes
    })

    afterEach(() => {
      sentry.dispose()
      platform[Symbol.dispose]()
    })

    test.each(PROGRAMS)(
      '%s: each mutant is refused in one line, or runs to an end of its own',
      async (name) => {
        const original = readFileSync(join(guests, name))
        const file = join(folder, 'mutant')
        const count = {refused: 0, tooBig: 0, ran: 0, timedOut: 0, killed: 0}
        for (const {index, description, bytes} of mutants(original, SEED, MUTANTS_EACH)) {
          rmSync(file, {force: true})
          writeFileSync(file, bytes, {mode: 0o755})
          try {
            const result = await attempt()
            count.ran++
            if (result.timedOut) count.timedOut++
            if (result.signal !== null) count.killed++
          } catch (error) {
            if (!isRefusal(error)) {
              throw new Error(`mutant ${index} of ${name} (${description}): ${error}`, {cause: error})
            }
            count.refused++
            if ((error as HvError).code === 'OUT_OF_MEMORY') count.tooBig++
          }
        }
        process.stderr.write(`${name}: ${JSON.stringify(count)}\n`)
        await expectSound(original)
        expect(count.refused + count.ran).toBe(MUTANTS_EACH)
        expect(count.refused).toBeGreaterThan(MUTANTS_EACH / 3)
        expect(count.tooBig).toBeLessThan(MUTANTS_EACH / 50)
        expect(count.ran).toBeGreaterThan(MUTANTS_EACH / 40)
        expect(count.killed).toBeGreaterThan(0)
        expect(count.killed + count.timedOut).toBeLessThan(count.ran)
      },
    )

    /** After all mutants the sentry works as at first. */
    async function expectSound(original: Uint8Array): Promise<void> {
      writeFileSync(join(folder, 'sound'), original, {mode: 0o755})
      expect(await runToEnd(sentry, program('/sound'), {})).toMatchObject({exitCode: 0, signal: null})
    }

    async function attempt(): Promise<RunResult> {
      const started = performance.now()
      const result = await runToEnd(sentry, program('/mutant'), {timeoutMs: TIME_LIMIT_MS})
      expect(performance.now() - started).toBeLessThan(HANG_MS)
      expect(platform.memory.allocatedBytes).toBeLessThanOrEqual(emptyBytes + KEPT_BYTES)
      return result
    }
  })
}

function program(path: string): ProgramOptions {
  const vfs = new VirtualFileSystem(nativeHost)
  const streams = [
    openInput(vfs, new Uint8Array(0)),
    openOutput(vfs, new Output(MAX_OUTPUT)),
    openOutput(vfs, new Output(MAX_OUTPUT)),
  ]
  return {program: path, args: [], env: {PATH: '/'}, streams}
}

/** Whether the error is what hv says about a file that it does not run: one line and a next step. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof HvError) || !REFUSALS.has(error.code)) return false
  return /^[ -~]+; [ -~]+$/.test(`${error.message}; ${error.nextStep}`)
}
