// Every self-checking guest: natively, as Linux is the oracle, and under hv on each platform; in a file for each, as files run side by side.

import {existsSync} from 'node:fs'
import {beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {allGuests, expectationOf, type Guest, outcomesIn} from '../../ci/guests.mjs'
import {root} from '../../ci/paths.mjs'
import {run} from '../../ci/process.mjs'
import {FAULTS} from '../../src/cli/closing-lines.ts'
import {natively, type Outcome, type Platform, underHv} from './run.ts'

const RUN_GUESTS = `${root}/ci/bed/run-guests.mjs`
type Told = Omit<Outcome, 'stdout'> & {stdout: string}

const isPvmHost = existsSync('/sys/module/kvm_pvm')
const asText = ({status, stdout, stderr}: Outcome) => ({status, stdout: stdout.toString(), stderr})

export function describeNatively(): void {
  // Node names no signal beyond 31, so it does not tell which one killed a program.
  const told = allGuests.filter(
    (guest) => expectationOf(guest).status <= 128 + 31 && !guest.source.includes('// only under hv'),
  )
  describe.each(told)('$name', (guest) => {
    test.skipIf(!existsSync(guest.binary))('passes natively', () => {
      const outcome = asText(natively(guest.binary, []))
      expect(outcome, outcome.stdout + outcome.stderr).toEqual(expectationOf(guest))
    })
  })
}

/**
 * By the command: those that die of a fault, of which it says a line, and those that ask for a process of their own. The others from one
 * process, which has a jailed one for each sixteen: to start hv for each took most of the time.
 */
export function describeUnderHv(platform: Platform): void {
  const isHostUnfit = ({source}: Guest) => platform === 'kvm' && isPvmHost && source.includes('// not on PVM')
  const isReady = (guest: Guest) => existsSync(guest.binary) && !isHostUnfit(guest)
  const isByCommand = (guest: Guest) =>
    faultOf(guest) !== undefined || guest.source.includes('// its own process')
  const timeoutMs = stepMs('guests')
  let outcomes: Map<string, Told>
  beforeAll(async () => {
    const together = allGuests.filter((guest) => isReady(guest) && !isByCommand(guest))
    outcomes = await outcomesOf(platform, together, timeoutMs)
  }, timeoutMs)

  describe.each(allGuests)('$name', (guest) => {
    test.skipIf(!isReady(guest))(`passes under hv, on ${platform}`, () => {
      const outcome = isByCommand(guest) ? byCommand(platform, guest) : outcomes.get(guest.binary)
      expect(outcome, outcome && outcome.stdout + outcome.stderr).toEqual(underHvExpected(guest))
    })
  })
}

const faultOf = (guest: Guest) => FAULTS[expectationOf(guest).status - 128]

/** Natively the shell reports a fault, under hv the command does. */
function underHvExpected(guest: Guest): Told {
  const fault = faultOf(guest)
  return {...expectationOf(guest), stderr: fault === undefined ? '' : `hv: ${guest.binary}: ${fault}\n`}
}

const byCommand = (platform: Platform, {binary}: Guest) =>
  asText(underHv(['--platform', platform, '--patch-calls', 'always'], binary, []))

/** @returns outcomes by the guest's path */
async function outcomesOf(platform: Platform, guests: readonly Guest[], timeoutMs: number) {
  const programs = guests.map(({binary}) => binary)
  const argv = [RUN_GUESTS, platform, 'always', 'process', ...programs]
  const {status, output} = await run('node', argv, {timeoutMs})
  expect(status, output).toBe(0)
  return outcomesIn(output)
}
