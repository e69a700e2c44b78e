// Beds that offer no KVM: booted at EL1, and with KVM disabled on the command line.

import {describe, expect, test} from 'vitest'
import {testMode} from '../bed/arm64.ts'
import {describeBed} from '../bed/matrix.ts'

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
