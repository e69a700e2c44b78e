// What hv remembers about a host from one run to the next, and what it does not take for that.

import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test, vi} from 'vitest'
import {loadCosts, MEASUREMENTS, storeCosts} from '../../../src/platform/host-costs.ts'

const KVM = {trapNs: 36_000, polledNs: 1400, wakeUpNs: 15_000, lookNs: 25, pageNs: 150}
const PTRACE = {trapNs: 9000, wakeUpNs: 15_000, lookNs: 25, pageNs: 150}

function start() {
  const home = mkdtempSync(join(tmpdir(), 'hv-costs-'))
  onTestFinished(() => rmSync(home, {recursive: true}))
  return {env: {XDG_CACHE_HOME: home}, file: join(home, 'hvkit', 'costs.json')}
}

test('nothing is known at first; then what was measured, platform by platform', () => {
  const {env} = start()
  expect(loadCosts(env, 'kvm')).toBe(undefined)
  expect(storeCosts(env, 'kvm', KVM)).toEqual(KVM)
  storeCosts(env, 'ptrace', PTRACE)
  expect(loadCosts(env, 'kvm')).toEqual({costs: KVM, isSettled: false})
  expect(loadCosts(env, 'ptrace')).toEqual({costs: PTRACE, isSettled: false})
})

test('some measurements settle it, and only the last count', () => {
  const {env} = start()
  for (let i = 1; i <= MEASUREMENTS; i++) {
    expect(loadCosts(env, 'kvm')?.isSettled ?? false).toBe(false)
    storeCosts(env, 'kvm', {...KVM, trapNs: i * 1000})
  }
  expect(loadCosts(env, 'kvm')).toEqual({costs: {...KVM, trapNs: 1000}, isSettled: true})
  storeCosts(env, 'kvm', KVM)
  expect(loadCosts(env, 'kvm')).toEqual({costs: {...KVM, trapNs: 2000}, isSettled: true})
})

test.each([
  ['eleven minutes ago', -11 * 60_000],
  ['at a time that is to come', 60_000],
])('what was measured %s is measured again, and is taken for what it was until then', (_, ms) => {
  const {env} = start()
  for (let i = 0; i < MEASUREMENTS; i++) storeCosts(env, 'ptrace', PTRACE)
  vi.useFakeTimers({now: Date.now() + ms, toFake: ['Date']})
  onTestFinished(() => void vi.useRealTimers())
  for (let i = 0; i < MEASUREMENTS; i++) storeCosts(env, 'kvm', KVM)
  vi.useRealTimers()
  expect(loadCosts(env, 'kvm')).toEqual({costs: KVM, isSettled: false})
  expect(loadCosts(env, 'ptrace')).toEqual({costs: PTRACE, isSettled: true})
  storeCosts(env, 'kvm', {...KVM, trapNs: 1000})
  expect(loadCosts(env, 'kvm')).toEqual({costs: {...KVM, trapNs: 1000}, isSettled: true})
})

test('of another boot, number of processors or version nothing is taken', () => {
  const {env, file} = start()
  storeCosts(env, 'kvm', KVM)
  const kept = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({...kept, host: `${kept.host}0`}))
  expect(loadCosts(env, 'kvm')).toBe(undefined)
})

test.each([
  ['half a file', '{"host"'],
  ['no object', 'null'],
  ['a list', '[]'],
])('%s is nothing', (_, text) => {
  const {env, file} = start()
  storeCosts(env, 'kvm', KVM)
  writeFileSync(file, text)
  expect(loadCosts(env, 'kvm')).toBe(undefined)
})

test.each([
  {trapNs: -1},
  {trapNs: 1e300},
  {trapNs: 'soon'},
  {trapNs: '36000'},
  {trapNs: null},
  {polledNs: 0},
  {wakeUpNs: 2e9},
  {lookNs: 0},
  {pageNs: 0},
])('what cannot have been measured is not taken: %o', (wrong) => {
  const {env, file} = start()
  storeCosts(env, 'kvm', KVM)
  const kept = JSON.parse(readFileSync(file, 'utf8'))
  const at = Date.now()
  kept.platforms = {kvm: {costs: [{...KVM, ...wrong}], at}, ptrace: {costs: [PTRACE], at}}
  writeFileSync(file, JSON.stringify(kept))
  expect(loadCosts(env, 'kvm')).toBe(undefined)
  expect(loadCosts(env, 'ptrace')?.costs).toEqual(PTRACE)
})

test('without a place to keep them nothing is known, and nothing is wrong', () => {
  storeCosts({}, 'kvm', KVM)
  expect(loadCosts({}, 'kvm')).toBe(undefined)
  storeCosts({XDG_CACHE_HOME: '/proc/nowhere'}, 'kvm', KVM)
  expect(loadCosts({XDG_CACHE_HOME: '/proc/nowhere'}, 'kvm')).toBe(undefined)
})
