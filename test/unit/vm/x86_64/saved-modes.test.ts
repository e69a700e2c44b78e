// A guest in each processor mode, which is saved at each of its exits and goes on in another VM each time.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {addVcpu, describeOn, flatImage} from '../../../helpers/vm.ts'
import {enterCompatibilityMode, enterLongMode, enterProtectedMode} from '../../../helpers/x86-modes.ts'

const CODE = guest.at
const LONG_MODE_CODE = 0x10000

const modes: [string, string, number, (vm: Vm, vcpu: Vcpu) => void][] = [
  ['protected-mode', 'protected mode\n', CODE, (_, vcpu) => enterProtectedMode(vcpu, CODE)],
  [
    'paged-32-bit',
    'paged 32-bit mode\n',
    CODE,
    (vm, vcpu) => enterCompatibilityMode(vm, vcpu, CODE, 0x400000),
  ],
  ['long-mode', 'long mode\n', LONG_MODE_CODE, (vm, vcpu) => enterLongMode(vm, vcpu, LONG_MODE_CODE)],
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-save-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

describeOn('x86_64', 'a guest that moves to another VM at each exit', () => {
  test.each(modes)('in %s prints all and halts with 42', (image, text, at, enter) => {
    const file = join(folder, 'saved')
    let vm = Vm.create({memoryBytes: 8 << 20})
    enter(vm, addVcpu(vm, at - CODE, flatImage(image)))
    let printed = ''
    for (;;) {
      const exit = vm.vcpus[0].run()
      if (exit.kind !== 'io') break
      printed += Buffer.from(exit.data).toString('latin1')
      vm.save(file)
      vm[Symbol.dispose]()
      vm = Vm.restore(file)
    }
    using _ = vm
    expect([printed, vm.vcpus[0].registers.get('rax')]).toEqual([text, 42n])
  })
})
