// Every self-checking guest: natively first, for Linux is the oracle, then under hv, on each platform: a file for each, as files run side by side.

import {existsSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {FAULTS} from '../../src/cli/closing-lines.ts'
import {allGuests, expectationOf} from './expectations.ts'
import {natively, type Outcome, type Platform, underHv} from './run.ts'

const isPvmHost = existsSync('/sys/module/kvm_pvm')
const asText = ({status, stdout, stderr}: Outcome) => ({status, stdout: stdout.toString(), stderr})

export function describeNatively(): void {
  // Node names no signal beyond 31: it does not tell which one killed a program.
  const told = allGuests.filter(
    (guest) => expectationOf(guest).status <= 128 + 31 && !guest.source.includes('// only under hv'),
  )
  describe.each(told)('$name', (guest) => {
    test.skipIf(!existsSync(guest.binary))('passes natively', () => {
      expect(asText(natively(guest.binary, []))).toEqual(expectationOf(guest))
    })
  })
}

/** @param flags of `hv run` besides the platform */
export function describeUnderHv(platform: Platform, flags: readonly string[] = []): void {
  describe.each(allGuests)('$name', (guest) => {
    const {binary, source} = guest
    const isHostUnfit = platform === 'kvm' && isPvmHost && source.includes('// not on PVM')
    test.skipIf(!existsSync(binary) || isHostUnfit)(`passes under hv, on ${platform}`, () => {
      const expected = expectationOf(guest)
      // The shell tells of a fault natively, and under hv the command.
      const fault = FAULTS[expected.status - 128]
      const stderr = fault === undefined ? '' : `hv: ${binary}: ${fault}\n`
      const outcome = asText(underHv(['--platform', platform, ...flags], binary, []))
      expect(outcome, outcome.stdout + outcome.stderr).toEqual({...expected, stderr})
    })
  })
}
