// ProgramMachine: what it refuses before there is a machine, and a kernel that hangs.

import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {arch} from '../../../../../src/arch/index.ts'
import {KernelTree} from '../../../../../src/launch/kernel-tree.ts'
import {SandboxFiles} from '../../../../../src/sandbox/owner/files/sandbox-files.ts'
import {orderer} from '../../../../../src/sandbox/owner/machine/loaded.ts'
import {machineFiles} from '../../../../../src/sandbox/owner/machine/machine-files.ts'
import {ProgramMachine} from '../../../../../src/sandbox/owner/machine/program-machine.ts'
import type {RunRequest} from '../../../../../src/sandbox/protocol/messages.ts'
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

describeOn(arch.name, 'a machine of host programs', () => {
  test('shows each at its own path, with its libraries', async () => {
    using tree = await KernelTree.open({
      ...{kernel: '/bin/ls', memoryBytes: 64 << 20, withLibraries: true, volumes: [], addresses: []},
    })
    const read = await tree.read()
    const orderOf = orderer({withLibraries: true}, tree, read)
    const files = new SandboxFiles(machineFiles(read, read.shown.user, () => {}).remote)
    const request = (program: string) => ({program, args: ['-l'], env: {}}) as unknown as RunRequest
    for (const program of ['/bin/ls', '/bin/cat']) {
      const order = orderOf(request(program))
      expect(order).toMatchObject({program: realpathSync(program), args: ['-l'], cwd: '/'})
      expect(await files.exists(order.program)).toBe(true)
    }
    const loader = {x86_64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1'}[arch.name]
    expect(await files.exists(loader)).toBe(true)
    expect(await files.exists('/etc/passwd')).toBe(false)
    expect(codeOf(() => orderOf(request('/bin/none')))).toBe('NOT_FOUND')
  })
})
