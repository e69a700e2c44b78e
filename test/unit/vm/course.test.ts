// The steps of docs/course.md, as written there; those of arm64 in a bed.

import {existsSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {addon} from '../../../src/addon.ts'
import {startEl1, startEl2} from '../../../src/vm/start-el.ts'
import {startLongMode} from '../../../src/vm/start-long-mode.ts'
import {startProtectedMode} from '../../../src/vm/start-protected-mode.ts'
import {startRealMode} from '../../../src/vm/start-real-mode.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {isForHere, play} from '../../helpers/examples.ts'
import {describeKvm} from '../../helpers/vm.ts'

const course = readFileSync(`${root}/docs/course.md`, 'utf8')
const steps = course.split(/^## /m).flatMap((section) =>
  Array.from(section.matchAll(/^```ts\n(.*?)^```/gms), ([, code]) => {
    return {page: 'course', title: section.slice(0, section.indexOf('\n')), code}
  }),
)

/** What some hosts lack. */
const offers: Record<string, () => boolean> = {
  SVM: () => {
    using vm = Vm.create({memoryBytes: 0x10000})
    return vm.createVcpu().cpuid.supports('svm')
  },
  VMX: () => {
    using vm = Vm.create({memoryBytes: 0x10000})
    return vm.createVcpu().cpuid.supports('vmx')
  },
  EL2: () => addon.vmLimits().hasEl2,
}
const lacking = ({code}: {code: string}): string | undefined => {
  const needed = /^\/\/ \w+ only, with (.*)$/m.exec(code)?.[1]
  return needed !== undefined && !offers[needed]() ? needed : undefined
}

test('each example says for which architecture it is', () => {
  expect(steps.filter(({code}) => !/^\/\/ (x86_64|arm64) only(, with (SVM|VMX|EL2))?\n/.test(code))).toEqual(
    [],
  )
  expect(steps).toHaveLength(16)
})

test('each step has a picture', () => {
  const sections = course.split(/^## /m).filter((section) => /^\d/.test(section))
  expect(sections).toHaveLength(8)
  expect(sections.filter((section) => !/^```\n.*?^```$/ms.test(section))).toEqual([])
})

describeKvm('the course', () => {
  const names = {Vm, startRealMode, startProtectedMode, startLongMode, startEl1, startEl2}
  for (const step of steps.filter(isForHere)) {
    const lack = existsSync('/dev/kvm') ? lacking(step) : undefined
    if (lack === undefined) test(step.title, () => play(step, names))
    else test.skip(`${step.title} (KVM nests no ${lack})`, () => {})
  }
})
