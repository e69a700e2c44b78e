// The papers' table of `bench --paper`: its arithmetic and its text, with invented figures.

import {expect, test} from 'vitest'
import {columnBy, columnOf} from '../../../ci/bench/paper.mjs'
import {BENCHMARKS, type Column, hypercalls, PAPERS, paperTable} from '../../../ci/bench/paper-table.mjs'

const nvhe: Column = {
  source: 'bed1',
  mode: 'nvhe',
  kind: 'split',
  unit: 'instructions',
  values: {hypercall: 2000, controller: 3000, completion: 0.25, out: 5000},
  errors: {out: 150},
  why: {ipi: 'needs two processors'},
}
const vhe: Column = {...nvhe, source: 'bed2', mode: 'vhe', kind: 'vhe', values: {hypercall: 500, out: 4000}}

const lineOf = (table: string, name: string): string =>
  table.split('\n').find((line) => line.startsWith(BENCHMARKS[name as keyof typeof BENCHMARKS]))!

test('a figure is also told in hypercalls of its own column', () => {
  expect(hypercalls(nvhe, 'controller')).toBe(1.5)
  expect(lineOf(paperTable('arm64', [nvhe]), 'controller')).toMatch(/ 3000 \(1\.50\)$/)
})

test('without a hypercall there is no ratio, and no figure is a dash', () => {
  const {hypercall: _, ...values} = nvhe.values
  const table = paperTable('arm64', [{...nvhe, values}])
  expect(lineOf(table, 'controller')).toMatch(/ 3000$/)
  expect(lineOf(table, 'hypercall')).toMatch(/ –$/)
})

test('Linux at EL2 stands against split mode, in the paper and in the beds, where both have a figure', () => {
  const table = paperTable('arm64', [nvhe, vhe])
  expect(lineOf(table, 'hypercall')).toMatch(/752 \(1\.00\) +0\.12 .* 500 \(1\.00\) +0\.25$/)
  expect(lineOf(table, 'out')).toMatch(/ 0\.80$/)
  expect(lineOf(table, 'controller')).toMatch(/ –$/)
  expect(table.split('\n')[0]).toMatch(/ el2Linux \/ .* bed2 \/$/)
  expect(paperTable('arm64', [nvhe])).not.toContain('bed1 /')
})

test('a figure that may be wrong says by how much, one below 1 is 0, and remarks follow', () => {
  const table = paperTable('arm64', [nvhe])
  expect(lineOf(table, 'out')).toMatch(/ 5000 ±150 \(2\.50\)$/)
  expect(lineOf(table, 'completion')).toMatch(/ 0 \(0\.00\)$/)
  expect(table.split('\n').at(-1)).toBe('bed1, Virtual IPI: needs two processors')
})

test('the paper’s column is el2Linux on hardware without VHE, and says so', () => {
  expect(paperTable('arm64', [])).toMatch(/^ATC 2017, el2Linux: .*Armv8\.0 without VHE/m)
  const modes = PAPERS.arm64.map(({mode}) => mode)
  expect(modes).toEqual(['split mode', 'split mode', 'el2Linux'])
})

const CRASH = `file:///paper-vm.mjs:120
    throw new Error('it does not end')
    ^

Error: it does not end
    at Guest.runAsync (file:///paper-vm.mjs:99:9)

Node.js v20.20.2
`

test('a runner that dies costs its row, which has the reason; the others are measured', async () => {
  const run = (names: string[]) => {
    const crash = names.indexOf('out')
    const told = crash < 0 ? names : names.slice(0, crash)
    const stdout = told.map((name) => `${JSON.stringify({name, ns: 1})}\n`).join('')
    return crash < 0 ? {status: 0, stdout, stderr: ''} : {status: 1, stdout, stderr: CRASH}
  }
  const {values, why} = await columnBy(run, {source: 'here'})
  expect(why).toEqual({out: 'it does not end'})
  expect(Object.keys(values)).toEqual(Object.keys(BENCHMARKS).filter((name) => name !== 'out'))
})

test('a runner that dies without a word is told by its end', async () => {
  const {why} = await columnBy(() => ({status: null, signal: 'SIGKILL', stdout: '', stderr: ''}), {
    source: 'x',
  })
  expect(why).toMatchObject({hypercall: 'its process ended with SIGKILL'})
})

test('columns are aligned, and those of the architecture alone are there', () => {
  const lines = paperTable('x86_64', [{...vhe, source: 'bed3'}])
    .split('\n')
    .slice(0, -1)
  expect(new Set(lines.slice(2).map((line) => line.length)).size).toBe(1)
  expect(lines.join('\n')).not.toContain('VHE')
})

test('the papers have figures of benchmarks that there are', () => {
  const names = Object.values(PAPERS).flatMap((columns) => columns.flatMap(({values}) => Object.keys(values)))
  for (const name of names) expect(Object.keys(BENCHMARKS)).toContain(name)
})

test('a column is read from what the runner prints', () => {
  const lines = '{"name":"out","ns":12.5,"errorNs":2}\n{"name":"ipi","why":"needs two processors"}\n'
  expect(columnOf({source: 'bed1'}, lines)).toEqual({
    source: 'bed1',
    values: {out: 12.5},
    errors: {out: 2},
    why: {ipi: 'needs two processors'},
  })
})
