// Fails when a binary needs a newer glibc than Debian 10's, or a C++ run-time library: one binary must serve all later systems.
// A binary for musl, whose symbols have no versions, may need no other library at all, and nothing that musl has only since 1.2.5.
//
//   node ci/glibc-floor.mjs [FILE.node...]     default: every native/prebuilds/linux-*/*.node
//
// It uses readelf(1) of binutils.

import {binaries, fail, readelf, requireElf} from './binaries.mjs'
import {root} from './paths.mjs'

const FLOOR = [2, 28]
const FORBIDDEN = /^lib(stdc\+\+|gcc_s|c\+\+)\.so/
/** WHATSNEW of musl 1.2.5. */
const TOO_NEW_OF_MUSL = / UND (statx|preadv2|pwritev2)$/gm
const MUSL = /^libc\.(musl-|so$)/

for (const file of binaries()) check(file)

function check(file) {
  requireElf(file)
  const needed = [...readelf(file, '--dynamic').matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name)
  const forbidden = needed.filter((name) => FORBIDDEN.test(name))
  if (forbidden.length > 0) fail(`${file}: needs ${forbidden.join(', ')}; link it statically`)

  const shown = file.replace(`${root}/`, '')
  const isMusl = needed.some((name) => MUSL.test(name))
  if (file.endsWith(isMusl ? '.glibc.node' : '.musl.node'))
    fail(`${file}: is not for the libc of its name: needs ${needed.join(', ')}`)
  if (isMusl) {
    if (needed.length > 1) fail(`${file}: is for musl and needs ${needed.join(', ')}`)
    const names = [...readelf(file, '--dyn-syms').matchAll(TOO_NEW_OF_MUSL)].map(([, name]) => name)
    if (names.length > 0)
      fail(`${file}: needs ${names.join(', ')} of musl 1.2.5: see native/sys/glibc_floor.cc`)
    console.log(`${shown}: needs ${needed.join(' ')}`)
    return
  }
  const needs = undefinedSymbols(file).filter(({version}) => /^GLIBC_\d/.test(version))
  if (needs.length === 0) fail(`${file}: names no glibc version at all`)

  const tooNew = needs.filter(({version}) =>
    isAbove(version.slice('GLIBC_'.length).split('.').map(Number), FLOOR),
  )
  if (tooNew.length > 0) {
    const names = tooNew.map(({name, version}) => `${name} (${version})`).join(', ')
    fail(
      `${file}: needs ${names}; the floor is GLIBC_${FLOOR.join('.')}: use syscall(2), or see native/sys/glibc_floor.cc`,
    )
  }
  const versions = [...new Set(needs.map(({version}) => version))].sort()
  console.log(`${shown}: ${versions.join(' ')}; needs ${needed.join(' ')}`)
}

/** The symbols that the file takes from others, with the version it needs: `name@GLIBC_2.17 (3)`. */
function undefinedSymbols(file) {
  const lines = readelf(file, '--dyn-syms').matchAll(/ UND (\S+?)@(\S+)/g)
  return [...lines].map(([, name, version]) => ({name, version}))
}

function isAbove(version, floor) {
  const [major, minor = 0] = version
  return major > floor[0] || (major === floor[0] && minor > floor[1])
}
