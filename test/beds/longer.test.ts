// The beds that are not in every run: `npm run test:beds`.

import {describe, expect, test} from 'vitest'
import {bedNamed} from '../../ci/bed/beds.mjs'
import {describeArm64Bed, testMode} from '../bed/arm64.ts'
import {describeBed} from '../bed/matrix.ts'

const REAL_PROGRAMS_TIMEOUT_MS = 500_000

describe.each([
  ['other cores', ['n1', 'max']],
  ['other ways to run KVM', ['nvhe', 'hvhe', 'protected', 'nv2']],
  ['boards', ['rpi4', 'rpi5', 'graviton2', 'graviton3']],
  ['other hosts', ['gic2', '16k', 'old', 'a76-1', 'a76-4']],
])('%s', (_, names) => {
  for (const name of names) describeArm64Bed(name)
})

// Two minutes of emulated work each.
describe.each(['a76', 'a72', 'svm'])('busybox, Lua and SQLite: %s', (name) => {
  describeBed(name, (inside) => {
    test('every case ends as it does natively', async () => {
      const guests = `.cache/guests/${bedNamed(name)!.architecture}`
      const argv = ['node', 'test/guests/real-programs.ts', '/usr/bin/busybox', guests]
      const {status, stdout, stderr} = await inside(argv, {timeoutMs: REAL_PROGRAMS_TIMEOUT_MS})
      expect({status, stderr}).toEqual({status: 0, stderr: ''})
      const cases = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(cases.length).toBeGreaterThan(90)
      for (const {name, native, guest} of cases) expect(guest, name).toEqual(native)
    })
  })
})

describe.each(['el1', 'none'])('without KVM: %s', (name) => {
  describeBed(name, (inside) => {
    testMode(name, inside)

    test('hv check says that the host is not usable', async () => {
      const {status, stdout} = await inside(['node', 'dist/bin/hv.cjs', 'check'])
      expect(stdout).toContain('hv cannot run guests here')
      expect(status).not.toBe(0)
    })

    test('hv run names what is missing', async () => {
      const outcome = await inside(['node', 'dist/bin/hv.cjs', 'run', '.cache/guests/arm64/hello'])
      expect(outcome).toMatchObject({status: 125, stdout: ''})
      expect(outcome.stderr).toMatch(/^hv: .*\/dev\/kvm/)
    })
  })
})
