// The chart of `bench --real`: how it shows the figures.

import {expect, test} from 'vitest'
import {chart} from '../../../ci/bench/chart.mjs'
import type {Figure} from '../../../ci/bench/real.mjs'

const figures: Figure[] = [
  {name: 'floor', kind: 'call', values: {native: 116}},
  {name: 'getpid', kind: 'call', values: {native: 100, 'hv kvm': 1400, 'runsc ptrace': 14_000}},
  {name: 'make <all>', kind: 'program', values: {native: 1000, 'hv ptrace': 1300}, note: 'none'},
]
const measured = {
  host: {cpu: 'A <fast> "CPU" & more', cpus: 2, kernel: '6.18', node: 'v20'},
  date: '2026-11-27',
  auto: 'ptrace',
  figures,
}

test('has a dot for each sandbox of each row, with how often native it takes', () => {
  const svg = chart(measured)
  expect([...svg.matchAll(/<title>(.*?)<\/title>/g)].map(([, title]) => title)).toEqual([
    'hv kvm: 14×',
    'runsc ptrace: 140×',
    'hv ptrace: 1.3×',
  ])
  expect(svg).not.toContain('floor')
})

test('names the machine, and is well-formed whatever names there are', () => {
  const svg = chart(measured)
  expect(svg).toContain('A &lt;fast> &quot;CPU&quot; &amp; more, 2 CPUs, Linux 6.18, 2026-11-27')
  expect(svg).toContain('make &lt;all>')
  expect(svg.match(/<svg /g)).toHaveLength(1)
  expect(svg.trimEnd().endsWith('</svg>')).toBe(true)
})

test('further to the right is slower', () => {
  const places = [...chart(measured).matchAll(/<(?:circle cx|rect x)="([\d.]+)" [^>]*><title>/g)]
  const [kvm, runsc, ptrace] = places.map(([, x]) => Number(x))
  expect(ptrace).toBeLessThan(kvm)
  expect(kvm).toBeLessThan(runsc)
})

test('each figure stands there in digits, in the column of its sandbox', () => {
  const [getpid, make] = chart(measured)
    .split('\n')
    .join('')
    .split(/getpid|make &lt;all>/)
    .slice(1)
    .map((row) =>
      [...row.matchAll(/text-anchor="end">([^<]*)<\/text>/g)].slice(0, 4).map(([, words]) => words),
    )
  expect(getpid).toEqual(['14×', '–', '–', '140×'])
  expect(make).toEqual(['–', '1.3×', '–', '–'])
})

test('the sandboxes differ in colour, and the platform that hv takes by itself has a ring', () => {
  const svg = chart(measured)
  expect(new Set([...svg.matchAll(/fill="(#\w+)"/g)].map(([, colour]) => colour)).size).toBe(4)
  expect(svg.match(/class="ring"/g)).toHaveLength(2)
  expect(svg).toMatch(/class="auto" text-anchor="end">ptrace</)
  expect(chart({...measured, auto: undefined})).not.toContain('class="ring"')
})
