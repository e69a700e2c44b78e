// Every self-checking guest: natively, as Linux is the oracle, and under hv on each platform; in a file for each, as files run side by side.

import {existsSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {allGuests, expectationOf} from '../../ci/guests.mjs'
import {FAULTS} from '../../src/cli/closing-lines.ts'
import {natively, type Outcome, type Platform, underHv} from './run.ts'

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

/** @param flags more flags of `hv run`, besides the platform */
export function describeUnderHv(platform: Platform, flags: readonly string[] = []): void {
  describe.each(allGuests)('$name', (guest) => {
    const {binary, source} = guest
    const isHostUnfit = platform === 'kvm' && isPvmHost && source.includes('// not on PVM')
    test.skipIf(!existsSync(binary) || isHostUnfit)(`passes under hv, on ${platform}`, () => {
      const expected = expectationOf(guest)
      // Natively the shell reports a fault, under hv the command does.
      const fault = FAULTS[expected.status - 128]
      const stderr = fault === undefined ? '' : `hv: ${binary}: ${fault}\n`
      const outcome = asText(underHv(['--platform', platform, ...flags], binary, []))
      expect(outcome, outcome.stdout + outcome.stderr).toEqual({...expected, stderr})
    })
  })
}
