// Fails when a binary lacks what compiler and linker can do against the use of its bugs, or names a folder of the machine that built it.
//
//   node ci/hardening.mjs [FILE.node...]     default: every native/prebuilds/linux-*/*.node
//
// For glibc on arm64, the whole binary must say that it has landing pads (.note.gnu.property): the loader then has the processor enforce
// them there. On x86_64 it cannot: of glibc itself, crti.o, crtn.o and atexit.oS of libc_nonshared.a are linked into each library without
// the property, which is that of all parts or none, and the _init of crti.o has no landing pad. All else has both, hv's own parts and
// the C++ run-time library; a process would enforce them only if Node had them, too, which it has not. Nor is it asked of musl's binaries.

import {readFileSync} from 'node:fs'
import {binaries, fail, readelf, requireElf} from './binaries.mjs'
import {root} from './paths.mjs'

/** What a function that may be called from elsewhere begins with: SDM vol. 2, ENDBR64; Arm ARM C6.2, PACIASP and BTI c. */
const LANDINGS = {
  'X86-64': ['f30f1efa'],
  AArch64: ['3f2303d5', '5f2403d5'],
}
const LANDING_BYTES = 4
/** The function that every addon shows. */
const SHOWN = 'napi_register_module_v1'

for (const file of binaries()) {
  requireElf(file)
  const missing = missingIn(file)
  if (missing.length > 0) fail(`${file}: ${missing.join('; ')}`)
  console.log(`${file.replace(`${root}/`, '')}: hardened`)
}

function missingIn(file) {
  const segments = readelf(file, '--segments')
  const dynamic = readelf(file, '--dynamic')
  const symbols = readelf(file, '--dyn-syms')
  const bytes = readFileSync(file)
  const hasPads = beginsWithLanding(file, bytes, segments, symbols)
  const mustSay = hasPads && isArm64(file) && /@GLIBC_/.test(symbols)
  const tests = {
    'has no GNU_RELRO: link with -z relro': /^ +GNU_RELRO /m.test(segments),
    'binds late: link with -z now': /\(FLAGS_1\).*\bNOW\b/.test(dynamic),
    'may execute its stack: link with -z noexecstack': /^ +GNU_STACK .* RW +0x/m.test(segments),
    'has a segment to write and execute': !/^ +LOAD .* RWE /m.test(segments),
    'has relocations in its code': !/TEXTREL/.test(dynamic),
    'does not watch its stack: compile with -fstack-protector-strong': / UND __stack_chk_fail/.test(symbols),
    // musl has no such functions.
    'does not check sizes: compile with -D_FORTIFY_SOURCE':
      !/@GLIBC_/.test(symbols) || / UND __(?!stack_)\w+_chk@/.test(symbols),
    'has no landing pads: compile with -fcf-protection or -mbranch-protection': hasPads,
    'does not say that all of it has landing pads: see native/shim/arm64/property.inc':
      !mustSay || /AArch64 feature: .*\bBTI\b/.test(readelf(file, '--notes')),
    [`names ${root}`]: !bytes.includes(root),
  }
  return Object.entries(tests).flatMap(([what, isTrue]) => (isTrue ? [] : [what]))
}

function isArm64(file) {
  return /Machine: +AArch64/.test(readelf(file, '--file-header'))
}

function beginsWithLanding(file, bytes, segments, symbols) {
  const landings = Object.entries(LANDINGS).find(([name]) => readelf(file, '--file-header').includes(name))
  const [, at] = new RegExp(`([0-9a-f]{16}) .* ${SHOWN}$`, 'm').exec(symbols) ?? []
  if (landings === undefined || at === undefined) fail(`${file}: no addon for a known architecture`)
  const address = Number.parseInt(at, 16)
  for (const [, offset, start, size] of segments.matchAll(/^ +LOAD +(\S+) (\S+) \S+ (\S+)/gm)) {
    const into = address - Number(start)
    if (into < 0 || into >= Number(size)) continue
    const first = bytes.subarray(Number(offset) + into).subarray(0, LANDING_BYTES)
    return landings[1].includes(first.toString('hex'))
  }
  return false
}
