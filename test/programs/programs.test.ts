// The programs of the list but for the servers, and the list itself.

import {expect, test} from 'vitest'
import {describeCompared} from './compared.ts'
import {resultsOf} from './list/python.ts'
import {programs, serving} from './list.ts'

describeCompared(programs.filter((program) => !serving.includes(program)))

test('each is named once, and a part of them is the core', () => {
  const names = programs.map(({command, name}) => `${command[0]} ${name}`)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  expect(programs.filter(({core}) => core).length).toBeGreaterThan(10)
})

test('the result of a Python test is found behind what it prints', () => {
  const [first, second] = ['test_a (test.test_x.A.test_a)', 'test_b (test.test_x.A.test_b)']
  const output = `${first} ... Executing <Task> took 0.120 seconds\nok\n${second}\nIts purpose ... FAIL\n`
  expect(resultsOf(output)).toBe(`${first} ok\n${second} FAIL`)
})
