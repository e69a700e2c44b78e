// A tarball without the binaries is refused.

import {expect, test} from 'vitest'
import {missingBinaries} from '../../../ci/prebuilt.mjs'
import packageJson from '../../../package.json' with {type: 'json'}

test('binaries that are not there are named, for both architectures', () => {
  expect(missingBinaries(['nolibc'])).toEqual([
    'native/prebuilds/linux-x64/hv.nolibc.node',
    'native/prebuilds/linux-arm64/hv.nolibc.node',
  ])
})

test('npm looks for them before it packs', () => {
  expect(packageJson.scripts.prepack).toMatch(/^node ci\/prebuilt\.mjs && /)
})
