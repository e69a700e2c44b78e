// ProgramMachine: what it refuses before there is a machine.

import {expect, test} from 'vitest'
import {ProgramMachine} from '../../../../../src/sandbox/owner/machine/program-machine.ts'
import {codeOf} from '../../../../helpers/vm.ts'

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
    {kernel, root: '/', image: '/'},
  ])
    await expect(ProgramMachine.create(options as never)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  await expect(ProgramMachine.create({kernel: '/none', root: '/none'})).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})
