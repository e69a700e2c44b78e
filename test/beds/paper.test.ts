// The papers' benchmarks on one emulated processor, with nVHE and with VHE: each has a figure, and they are in the papers' order.

import {beforeAll, expect, test} from 'vitest'
import {paper} from '../../ci/bench/paper.mjs'
import {BENCHMARKS, type Column} from '../../ci/bench/paper-table.mjs'
import {testMs} from '../../ci/budgets.mjs'

let nvhe: Column
let vhe: Column

beforeAll(async () => {
  const [{columns}] = await paper(['nvhe', 'a76'])
  ;[nvhe, vhe] = columns
}, testMs('beds'))

test('every benchmark has a figure in both', () => {
  for (const {values, why} of [nvhe, vhe]) {
    expect(why).toEqual({})
    expect(Object.keys(values).sort()).toEqual(Object.keys(BENCHMARKS).sort())
  }
})

test('VHE spares instructions where KVM answers', () => {
  expect(vhe.values.hypercall).toBeLessThan(nvhe.values.hypercall)
  expect(vhe.values.controller).toBeLessThan(nvhe.values.controller)
})

test('completing an interrupt leaves no guest, and what the process answers costs most', () => {
  for (const {values} of [nvhe, vhe]) {
    expect(values.completion).toBeLessThan(values.hypercall / 10)
    expect(values.hypercall).toBeLessThan(values.controller)
    expect(values.controller).toBeLessThan(values['io-user'])
  }
})
