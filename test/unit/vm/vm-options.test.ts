// Which options a VM may have, depending on architecture and host.

import {describe, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {checkLimits, checkOptions} from '../../../src/vm/vm-options.ts'
import {codeOf} from '../../helpers/vm.ts'

const page = addon.pageBytes

describe('where memory begins', () => {
  const begin = (memoryBase: number) => codeOf(() => checkOptions({memoryBytes: page, memoryBase}))

  test('is address 0, unless it is said', () => {
    expect(checkOptions({memoryBytes: page})).toMatchObject({memoryBase: 0})
    expect(checkOptions({memoryBytes: page, memoryBase: undefined}).memoryBase).toBe(0)
    expect(checkOptions({memoryBytes: page, memoryBase: 0x40000000}).memoryBase).toBe(0x40000000)
  })

  test.each([-page, 1, page + 0.5, Number.NaN, 2 ** 32, 2 ** 60])('is not %d', (memoryBase) => {
    expect(begin(memoryBase)).toBe('MEMORY_SIZE')
  })
})

describe('options of arm64', () => {
  const here =
    arch.name === 'arm64'
      ? []
      : ([
          ['ipaBits', {ipaBits: 40}],
          ['nested', {nested: true}],
          ['features.pmu', {features: {pmu: true}}],
        ] as const)
  test.each(here)('%s is refused by name elsewhere', (name, option) => {
    const create = () => checkOptions({memoryBytes: page, ...option})
    expect(codeOf(create)).toBe('BAD_ARGUMENT')
    expect(create).toThrow(`${name} is for arm64`)
  })

  test.each([0, 32, 36, 40])('ipaBits of %d suit a host with 40', (ipaBits) => {
    expect(() => checkLimits({ipaBits, nested: false}, {ipaBits: 40, hasEl2: false})).not.toThrow()
  })

  test.each([31, 41, 64, -1, 36.5, Number.NaN])(
    'ipaBits of %d are refused, and the limit is named',
    (ipaBits) => {
      const check = () => checkLimits({ipaBits, nested: false}, {ipaBits: 40, hasEl2: false})
      expect(codeOf(check)).toBe('BAD_ARGUMENT')
      expect(check).toThrow(expect.objectContaining({nextStep: 'give ipaBits from 32 to 40'}))
    },
  )

  test('a KVM that gives no choice of ipaBits says so', () => {
    const check = () => checkLimits({ipaBits: 40, nested: false}, {ipaBits: 0, hasEl2: false})
    expect(check).toThrow(
      expect.objectContaining({code: 'BAD_ARGUMENT', nextStep: expect.stringContaining('no choice')}),
    )
  })

  test('nested wants a host with EL2 for guests', () => {
    const check = (hasEl2: boolean) => () => checkLimits({ipaBits: 0, nested: true}, {ipaBits: 40, hasEl2})
    expect(codeOf(check(false))).toBe('KVM_UNUSABLE')
    expect(check(true)).not.toThrow()
  })
})
