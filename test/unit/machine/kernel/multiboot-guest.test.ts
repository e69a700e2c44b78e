// A Multiboot kernel in its machine: what it is told, and the timer's interrupts.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {Machine} from '../../../../src/machine/kernel/linux-machine.ts'
import {headerOf} from '../../../helpers/multiboot.ts'
import {bareGuest, describeOn} from '../../../helpers/vm.ts'

const kernel = `${bareGuest('multiboot')}.bin`
const folder = mkdtempSync(join(tmpdir(), 'hv-multiboot-'))
afterAll(() => rmSync(folder, {recursive: true}))

describeOn('x86_64', 'a Multiboot kernel', () => {
  test('gets its parameters and its module, and takes interrupts', async () => {
    const initrd = join(folder, 'module')
    writeFileSync(initrd, 'a module\n')
    await using machine = Machine.create({kernel, initrd, append: 'one two'})
    let text = ''
    for await (const chunk of machine.stdout) text += chunk
    expect(text).toBe('one two\na module\nTTT')
    expect(await machine.wait()).toMatchObject({exitCode: 42})
  })

  test('hands over what it has printed when KVM cannot go on with it', async () => {
    const [at, header] = [0x100000, 32]
    // mov $0x3f8, %edx; mov $'T', %al; mov $64, %ecx; again: out %al, %dx; loop again; mov $0xd8000000, %eax; jmp *%eax: no memory
    const code = [
      0xba, 0xf8, 3, 0, 0, 0xb0, 0x54, 0xb9, 64, 0, 0, 0, 0xee, 0xe2, 0xfd, 0xb8, 0, 0, 0, 0xd8, 0xff, 0xe0,
    ]
    const failing = join(folder, 'failing')
    const bytes = Buffer.concat([headerOf(0x10003, [at, at, 0, 0, at + header]), Buffer.from(code)])
    writeFileSync(failing, bytes)
    await using machine = Machine.create({kernel: failing})
    let text = ''
    for await (const chunk of machine.stdout) text += chunk
    expect(text).toBe('T'.repeat(64))
    await expect(machine.wait()).rejects.toMatchObject({code: 'VCPU_FAILED'})
  })
})
