// ProgramMachine: what it refuses before there is a machine, and a kernel that hangs.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {ProgramMachine} from '../../../../../src/sandbox/owner/machine/program-machine.ts'
import {headerOf} from '../../../../helpers/multiboot.ts'
import {codeOf, describeOn} from '../../../../helpers/vm.ts'

test('is made by create alone', () => {
  expect(codeOf(() => Reflect.construct(ProgramMachine, []))).toBe('BAD_ARGUMENT')
})

test('refuses what cannot be meant', async () => {
  const kernel = '/dev/null'
  for (const options of [
    undefined,
    {},
    {kernel},
    {kernel, root: '/', cpus: 33},
    {kernel, root: '/', startTimeoutMs: 0},
    {kernel, root: '/', image: '/'},
  ])
    await expect(ProgramMachine.create(options as never)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  await expect(ProgramMachine.create({kernel: '/none', root: '/none'})).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

describeOn('x86_64', 'a machine whose kernel hangs', () => {
  test('is given up, with what its console said', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-hangs-'))
    const [at, header] = [0x100000, 32]
    const said = [...Buffer.from('one\nwaiting\n')]
    // mov $0x3f8, %edx; for each byte: mov $byte, %al; out %al, %dx; then: jmp .
    const code = [0xba, 0xf8, 3, 0, 0, ...said.flatMap((byte) => [0xb0, byte, 0xee]), 0xeb, 0xfe]
    const kernel = join(folder, 'kernel')
    writeFileSync(kernel, Buffer.concat([headerOf(0x10003, [at, at, 0, 0, at + header]), Buffer.from(code)]))
    try {
      await expect(ProgramMachine.create({kernel, root: folder, startTimeoutMs: 500})).rejects.toMatchObject({
        code: 'BAD_KERNEL',
        message: expect.stringMatching(/in 500 ms; its console said: one \/ waiting$/),
      })
    } finally {
      rmSync(folder, {recursive: true})
    }
  })
})
