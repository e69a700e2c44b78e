// The machine of docs/machine.md, as written there.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {Vm} from '../../../src/vm/vm.ts'
import {play} from '../../helpers/examples.ts'
import {describeKvm} from '../../helpers/vm.ts'

const [, code] = /^```ts\nimport .*?\n\n(.*?)^```$/ms.exec(readFileSync(`${root}/docs/machine.md`, 'utf8'))!

test('the page builds its machine in 40 lines', () => {
  expect(code.trim().split('\n').length + 2).toBeLessThanOrEqual(40)
})

describeKvm('the machine of the page', () => {
  test('prints what it says', () => play({page: 'machine', title: 'machine', code}, {Vm}))
})
