// The capability numbers against the kernel's header, where it is installed.

import {existsSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {
  CAPABILITIES as ARM64,
  FEATURES as ARM64_FEATURES,
  MORE_CAPABILITIES,
  QUESTIONS,
} from '../../../src/check/arm64/capabilities.ts'
import {CAPABILITIES as X86_64, FEATURES as X86_64_FEATURES} from '../../../src/check/x86_64/checks.ts'
import {KVM_CAPABILITIES} from '../../../src/vm/capability-numbers.ts'

const HEADER = '/usr/include/linux/kvm.h'

test.skipIf(!existsSync(HEADER))('every capability has linux/kvm.h’s number', () => {
  const header = readFileSync(HEADER, 'utf8')
  for (const {name, number} of [...X86_64, ...ARM64]) {
    const found = new RegExp(`#define KVM_CAP_${name}\\s+(\\d+)`).exec(header)
    expect([name, Number(found?.[1])]).toEqual([name, number])
  }
})

// These are newer than the header of some Debian.
test('every feature of the VM API has its capability’s number', () => {
  for (const {name, number} of [...X86_64_FEATURES, ...ARM64_FEATURES]) {
    expect(KVM_CAPABILITIES).toHaveProperty(`KVM_CAP_${name}`, number)
  }
})

test.skipIf(!existsSync(HEADER))('what is asked beyond the capabilities has the header’s numbers', () => {
  const header = readFileSync(HEADER, 'utf8')
  expect(header).toMatch(new RegExp(`#define KVM_CAP_ARM_VM_IPA_SIZE ${MORE_CAPABILITIES[0]}\\b`))
  // An enumeration: each name has a line, with a #define of itself in between.
  const types = [...header.matchAll(/^\tKVM_DEV_TYPE_(\w+)(?: = (\d+))?,$/gm)]
  const first = types.findIndex(([, , number]) => number === '1')
  const numberOf = (name: string) => types.findIndex(([, each]) => each === name) - first + 1
  expect(QUESTIONS.devices).toEqual([numberOf('ARM_VGIC_V2'), numberOf('ARM_VGIC_V3')])
})
