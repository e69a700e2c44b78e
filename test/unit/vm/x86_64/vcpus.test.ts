// vCPUs of x86_64: none starts switched off.

import {expect, test} from 'vitest'
import {Vm} from '../../../../src/vm/vm.ts'
import {codeOf, describeOn, MEMORY_BYTES} from '../../../helpers/vm.ts'

describeOn('x86_64', 'a vCPU that starts off', () => {
  test('is refused, and others are made after it', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    expect(codeOf(() => vm.createVcpu({startsOff: true}))).toBe('BAD_ARGUMENT')
    expect(vm.createVcpu().registers.get('rip')).toBe(0xfff0n)
  })
})
