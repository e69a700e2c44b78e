// The capability numbers against the kernel's header, where it is installed.

import {existsSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {CAPABILITIES} from '../../../src/check/x86_64/capabilities.ts'

const HEADER = '/usr/include/linux/kvm.h'

test.skipIf(!existsSync(HEADER))('every capability has linux/kvm.h’s number', () => {
  const header = readFileSync(HEADER, 'utf8')
  for (const {name, number} of CAPABILITIES) {
    const found = new RegExp(`#define KVM_CAP_${name}\\s+(\\d+)`).exec(header)
    expect([name, Number(found?.[1])]).toEqual([name, number])
  }
})
