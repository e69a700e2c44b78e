// Every self-checking guest: natively first, for Linux is the oracle, then under hv.

import {existsSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {allGuests, expectationOf} from './expectations.ts'
import {natively, type Outcome, underHv} from './run.ts'

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

  const isHostUnfit = isPvmHost && source.includes('// not on PVM')
  test.skipIf(!isBuilt || isHostUnfit)('passes under hv', () => {
    expect(asText(underHv([], binary, []))).toEqual(expected)
  })
})
