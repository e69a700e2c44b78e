// The table of docs/reference/kvm.md: it has what Linux's header has, and what hv calls.

import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {ELSEWHERE, HEADER, ioctlsIn, NAMED, RAW, REPLACED} from '../../../ci/reference/kvm-api.mjs'

describe.skipIf(!existsSync(HEADER))('the table of KVM’s API', () => {
  const ioctls = ioctlsIn(readFileSync(HEADER, 'utf8'))
  const sources = ['kvm', 'arch', 'napi', 'sys'].flatMap((folder) =>
    readdirSync(`${root}/native/${folder}`, {recursive: true, encoding: 'utf8'})
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => join(root, 'native', folder, name)),
  )
  const words = new Set(
    [...sources, `${root}/src/vm/statistics.ts`].flatMap(
      (file) => readFileSync(file, 'utf8').match(/\bKVM_[A-Z0-9_]+\b/g) ?? [],
    ),
  )

  test('has each ioctl of the header, once', () => {
    expect(ioctls.length).toBeGreaterThan(140)
    const known = [...Object.keys(NAMED), ...RAW, ...Object.keys(REPLACED), ...ELSEWHERE]
    expect(new Set(known).size).toBe(known.length)
    expect(ioctls.filter((name) => !known.includes(name))).toEqual([])
  })

  test('names what hv calls, and nothing else', () => {
    const called = ioctls.filter((name) => words.has(name)).sort()
    expect(Object.keys(NAMED).sort()).toEqual(called)
  })
})
