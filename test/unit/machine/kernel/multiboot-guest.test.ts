// A Multiboot kernel in its machine: what it is told, and the timer's interrupts.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {Machine} from '../../../../src/machine/kernel/linux-machine.ts'
import {bareGuest, describeOn, isPvmHost} from '../../../helpers/vm.ts'

const kernel = `${bareGuest('multiboot')}.bin`
const folder = mkdtempSync(join(tmpdir(), 'hv-multiboot-'))
afterAll(() => rmSync(folder, {recursive: true}))

describeOn('x86_64', 'a Multiboot kernel', () => {
  test(`gets its parameters and its module, and takes interrupts${isPvmHost ? ' until its first IRET, which PVM lacks' : ''}`, async () => {
    const initrd = join(folder, 'module')
    writeFileSync(initrd, 'a module\n')
    await using machine = Machine.create({kernel, initrd, append: 'one two'})
    let text = ''
    for await (const chunk of machine.stdout) text += chunk
    expect(text).toBe(`one two\na module\n${isPvmHost ? 'T' : 'TTT'}`)
    if (isPvmHost) await expect(machine.wait()).rejects.toMatchObject({code: 'VCPU_FAILED'})
    else expect(await machine.wait()).toMatchObject({exitCode: 42})
  })
})
