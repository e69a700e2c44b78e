// Every self-checking guest: natively, as Linux is the oracle, and under hv on each platform; in a file for each, as files run side by side.

import {existsSync} from 'node:fs'
import {beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {allGuests, expectationOf, type Guest} from '../../ci/guests.mjs'
import {root} from '../../ci/paths.mjs'
import {run} from '../../ci/process.mjs'
import {FAULTS} from '../../src/cli/closing-lines.ts'
import {natively, type Outcome, type Platform, underHv} from './run.ts'

const RUN_GUESTS = `${root}/ci/bed/run-guests.mjs`
const isPvmHost = existsSync('/sys/module/kvm_pvm')
const asText = ({status, stdout, stderr}: Outcome) => ({status, stdout: stdout.toString(), stderr})

export function describeNatively(): void {
  // Node names no signal beyond 31, so it does not tell which one killed a program.
  const told = allGuests.filter(
    (guest) => expectationOf(guest).status <= 128 + 31 && !guest.source.includes('// only under hv'),
  )
  describe.each(told)('$name', (guest) => {
    test.skipIf(!existsSync(guest.binary))('passes natively', () => {
      expect(asText(natively(guest.binary, []))).toEqual(expectationOf(guest))
    })
  })
}

/** All in one process, which has a sandbox in a process of its own for each sixteen: to start hv for each guest took most of the time. */
export function describeUnderHv(platform: Platform): void {
  const isHostUnfit = ({source}: Guest) => platform === 'kvm' && isPvmHost && source.includes('// not on PVM')
  const isReady = (guest: Guest) => existsSync(guest.binary) && !isHostUnfit(guest)
  let outcomes: Map<string, {status: number; stdout: string; stderr: string}>
  const timeoutMs = stepMs('guests')
  beforeAll(async () => {
    const programs = allGuests.filter(isReady).map(({binary}) => binary)
    const {status, output} = await run('node', [RUN_GUESTS, platform, 'always', 'process', ...programs], {
      timeoutMs,
    })
    expect(status, output).toBe(0)
    const lines = output.split('\n').filter((line) => line.startsWith('{'))
    outcomes = new Map(
      lines.map((line) => JSON.parse(line)).map(({program, ...outcome}) => [program, outcome]),
    )
  }, timeoutMs)

  describe.each(allGuests)('$name', (guest) => {
    test.skipIf(!isReady(guest))(`passes under hv, on ${platform}`, () => {
      const outcome = outcomes.get(guest.binary)
      expect(outcome, outcome && outcome.stdout + outcome.stderr).toEqual(expectationOf(guest))
    })

    const fault = FAULTS[expectationOf(guest).status - 128]
    if (fault === undefined) return
    // Natively the shell reports a fault, under hv the command does.
    test.skipIf(!isReady(guest))(`hv run reports its fault, on ${platform}`, () => {
      const flags = ['--platform', platform, '--patch-calls', 'always']
      const outcome = asText(underHv(flags, guest.binary, []))
      expect(outcome).toEqual({...expectationOf(guest), stderr: `hv: ${guest.binary}: ${fault}\n`})
    })
  })
}
