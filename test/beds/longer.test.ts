// The beds that are not in every run: `npm run test:beds`.

import {describe, expect, test} from 'vitest'
import {describeArm64Bed, testMode} from '../bed/arm64.ts'
import {describeBed} from '../bed/matrix.ts'

describe.each([
  ['other cores', ['n1', 'max']],
  ['other ways to run KVM', ['nvhe', 'hvhe', 'protected', 'nv2']],
  ['boards', ['rpi4', 'rpi5', 'graviton2', 'graviton3']],
  ['other hosts', ['gic2', '16k', 'old', 'a76-1', 'a76-4']],
])('%s', (_, names) => {
  for (const name of names) describeArm64Bed(name)
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
