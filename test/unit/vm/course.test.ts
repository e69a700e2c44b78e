// The steps of docs/course.md, as written there; those of arm64 in a bed.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {startEl1} from '../../../src/vm/start-el.ts'
import {startLongMode} from '../../../src/vm/start-long-mode.ts'
import {startProtectedMode} from '../../../src/vm/start-protected-mode.ts'
import {startRealMode} from '../../../src/vm/start-real-mode.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {isForHere, play} from '../../helpers/examples.ts'
import {describeKvm} from '../../helpers/vm.ts'

const steps = readFileSync(`${root}/docs/course.md`, 'utf8')
  .split(/^## /m)
  .flatMap((section) =>
    Array.from(section.matchAll(/^```ts\n(.*?)^```/gms), ([, code]) => {
      return {page: 'course', title: section.slice(0, section.indexOf('\n')), code}
    }),
  )

test('each example says for which architecture it is', () => {
  expect(steps.filter(({code}) => !/^\/\/ (x86_64|arm64) only\n/.test(code))).toEqual([])
  expect(steps).toHaveLength(12)
})

describeKvm('the course', () => {
  test.each(steps.filter(isForHere))('$title', (step) =>
    play(step, {Vm, startRealMode, startProtectedMode, startLongMode, startEl1}),
  )
})
