// Symbols of the vDSO images: what the sentry looks up in them.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arm64} from '../../../src/arch/arm64/index.ts'
import {dynamicSymbol} from '../../../src/elf/dynamic.ts'
import {ARM64_CC, canBuildArm64} from '../../helpers/arm64.ts'

test('the vDSO has a clock, and nothing that it does not define', () => {
  const image = addon.vdsoImage()
  const clocks = ['__vdso_clock_gettime', '__kernel_clock_gettime'].map((name) => dynamicSymbol(image, name))
  expect(clocks.filter((offset) => offset !== undefined && offset < image.length)).toHaveLength(1)
  expect(dynamicSymbol(image, '__vdso_no_such_function')).toBeUndefined()
})

test.skipIf(!canBuildArm64)('arm64’s has the two instructions that unwinders know a signal frame by', () => {
  const image = arm64Vdso()
  const code = new DataView(image.buffer, dynamicSymbol(image, arm64.signalTrampolineSymbol!))
  // mov x8, #139; svc #0: libgcc's aarch64_fallback_frame_state.
  expect([code.getUint32(0, true), code.getUint32(4, true)]).toEqual([0xd2801168, 0xd4000001])
})

function arm64Vdso(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'hv-vdso-'))
  const header = join(folder, 'vdso.h')
  const script = new URL('../../../native/shim/vdso/build_vdso.sh', import.meta.url).pathname
  execFileSync('sh', [script, header], {env: {...process.env, CC: ARM64_CC}})
  const text = readFileSync(header, 'latin1')
  rmSync(folder, {recursive: true})
  return Uint8Array.from(text.matchAll(/0x([0-9a-f]{2}),/g), ([, byte]) => Number.parseInt(byte, 16))
}
