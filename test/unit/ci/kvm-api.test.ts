// The table of docs/reference/kvm.md: it has what Linux's header has, and what hv calls.

import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {ELSEWHERE, HEADER, ioctlsIn, NAMED, RAW, REPLACED, SWITCHED} from '../../../ci/reference/kvm-api.mjs'
import {KVM_CAPABILITIES} from '../../../src/vm/capability-numbers.ts'

describe.skipIf(!existsSync(HEADER))('the table of KVM’s API', () => {
  const ioctls = ioctlsIn(readFileSync(HEADER, 'utf8'))
  const sources = ['kvm', 'arch', 'napi', 'sys'].flatMap((folder) =>
    readdirSync(`${root}/native/${folder}`, {recursive: true, encoding: 'utf8'})
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => join(root, 'native', folder, name)),
  )
  // What src/vm calls without native/'s help.
  const ofRaw = [
    'arm64-calls',
    'hyperv-cpuid',
    'kvm-clock',
    'listed-registers',
    'memory-tags',
    'msr-exits',
    'populate',
    'statistics',
  ].map((name) => `${root}/src/vm/${name}.ts`)
  const text = [...sources, ...ofRaw].map((file) => readFileSync(file, 'utf8')).join('\n')
  const words = new Set(text.match(/\bKVM_[A-Z0-9_]+\b/g))

  test('has each ioctl of the header, once', () => {
    expect(ioctls.length).toBeGreaterThan(140)
    const known = [...[NAMED, RAW, REPLACED].flatMap(Object.keys), ...ELSEWHERE]
    expect(new Set(known).size).toBe(known.length)
    expect(ioctls.filter((name) => !known.includes(name))).toEqual([])
  })

  test('names what hv calls, and nothing else', () => {
    const called = ioctls.filter((name) => words.has(name)).sort()
    expect(Object.keys(NAMED).sort()).toEqual(called)
  })

  test('names what hv switches on, and no capability that the header lacks', () => {
    const switched = [...text.matchAll(/\.(?:cap = |setUint32\(0, KVM_CAPABILITIES\.)(KVM_CAP_\w+)/g)].map(
      ([, name]) => name,
    )
    expect(switched.length).toBeGreaterThan(2)
    const named = Object.entries(SWITCHED).filter(([, way]) => typeof way === 'string')
    expect(named.map(([name]) => name).sort()).toEqual([...new Set(switched)].sort())
    expect(Object.keys(SWITCHED).filter((name) => !(name in KVM_CAPABILITIES))).toEqual([])
  })
})
