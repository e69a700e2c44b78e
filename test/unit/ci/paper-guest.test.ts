// The runner of `bench --paper` on this host, with the benchmark that every KVM completes.

import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'
import {columnOf} from '../../../ci/bench/paper.mjs'
import {bundleScript} from '../../../ci/bundle-script.mjs'
import {bareGuest, describeKvm, hasGuests} from '../../helpers/vm.ts'

describeKvm('the runner of the papers’ table', () => {
  test.skipIf(!hasGuests)('times what the process answers', async () => {
    const runner = await bundleScript('ci/bench/paper-vm.mjs')

    const argv = [runner, bareGuest('paper'), 'timed', 'io-user']
    const {stdout} = spawnSync(process.execPath, argv, {encoding: 'utf8'})

    const {values, why} = columnOf({source: 'here', mode: '', unit: 'ns'}, stdout)
    expect(why).toEqual({})
    expect(values['io-user']).toBeGreaterThan(0)
  })
})
