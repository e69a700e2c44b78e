// Every self-checking guest: natively first, for Linux is the oracle, then under hv, on each platform.

import {existsSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {FAULTS} from '../../src/cli/closing-lines.ts'
import {allGuests, expectationOf} from './expectations.ts'
import {natively, type Outcome, platforms, underHv} from './run.ts'

const isPvmHost = existsSync('/sys/module/kvm_pvm')
const asText = ({status, stdout, stderr}: Outcome) => ({status, stdout: stdout.toString(), stderr})

describe.each(allGuests)('$name', (guest) => {
  const {binary, source} = guest
  const expected = expectationOf(guest)
  const isBuilt = existsSync(binary)

  // Node names no signal beyond 31: it does not tell which one killed a program.
  const isToldByNode = expected.status <= 128 + 31
  if (isToldByNode && !source.includes('// only under hv')) {
    test.skipIf(!isBuilt)('passes natively', () => {
      expect(asText(natively(binary, []))).toEqual(expected)
    })
  }

  test.for(platforms)('passes under hv, on %s', (platform, {skip}) => {
    const isHostUnfit = platform === 'kvm' && isPvmHost && source.includes('// not on PVM')
    skip(!isBuilt || isHostUnfit)
    // The shell tells of a fault natively, and under hv the command.
    const fault = FAULTS[expected.status - 128]
    const stderr = fault === undefined ? '' : `hv: ${binary}: ${fault}\n`
    expect(asText(underHv(['--platform', platform], binary, []))).toEqual({...expected, stderr})
  })
})
