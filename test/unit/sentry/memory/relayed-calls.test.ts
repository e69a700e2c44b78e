// Patched call sites of x86_64 that take two jumps: programs that stand between them.

import {describe, expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {backingOf, bytesAt, PAGE, READ_EXEC, siteOf, start} from './patched-guest.ts'

describe.skipIf(arch.name !== 'x86_64')('a call site that jumps by a relay', () => {
  // xor %eax, %eax; syscall; ret; nopl 0(%rax,%rax,1)
  const call = [0x31, 0xc0, 0x0f, 0x05]
  const padding = [0xc3, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0]
  const RELAY = 4

  test('is told by that, too, also when its code is what its file says', () => {
    const {guest, code, patches, trap, site} = start({call, padding})
    trap(site)
    expect(bytesAt(guest, site - 4, 4)).toEqual([0x31, 0xc0, 0xeb, RELAY])
    expect(bytesAt(guest, site, 5)).toEqual([0xc3, 0x0f, 0x1f, 0x84, 0xe9])
    const isTold = () => [0, 1, 2].map((at) => siteOf(patches, site + RELAY + at))
    expect(isTold()).toEqual([site - 2, site - 2, undefined])
    // Another thread may stand there meanwhile.
    protect(guest.map, code, code + PAGE, 3)
    expect(bytesAt(guest, site - 4, 4)).toEqual(call)
    expect(isTold()).toEqual([site - 2, site - 2, undefined])
  })

  test('has its padding for good', () => {
    // A second site before the first: both reach the same nop, and no other.
    const two = start({call: [...call, 0x90, ...call], padding})
    const {guest, code, patches, trap, site} = two
    trap(site)
    protect(guest.map, code, code + PAGE, 3)
    protect(guest.map, code, code + PAGE, READ_EXEC)
    guest.fetch(code)
    trap(site - 5, 10)
    expect(two.patched()).toBe(1)
    expect(siteOf(patches, site + RELAY)).toBe(site - 2)
  })

  test.each([
    ['other memory', {}],
    ['another page of its file', {pageOffset: 1}],
  ])('is no more where %s has taken its place', (_, request) => {
    const {guest, file, code, patches, trap, site} = start({call, padding})
    trap(site)
    const backing = 'pageOffset' in request ? backingOf(file) : undefined
    guest.map.map({
      ...{address: code, fixed: 'replace', length: PAGE, protection: READ_EXEC, backing},
      ...request,
    })
    expect(siteOf(patches, site + RELAY)).toBe(undefined)
  })
})
