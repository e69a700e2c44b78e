// Fails when a binary needs a newer glibc than Debian 10's, or a C++ run-time library: one binary must serve all since.
// A binary for musl, whose symbols have no versions, may need no other library at all.
//
//   node ci/glibc-floor.mjs [FILE.node...]     default: every native/prebuilds/linux-*/*.node
//
// Source: the GNU symbol versioning of the ELF gABI, sections .gnu.version_r (SHT_GNU_verneed) and .dynamic.

import {readdirSync, readFileSync} from 'node:fs'
import {root} from './paths.mjs'

const FLOOR = [2, 28]
const FORBIDDEN = /^lib(stdc\+\+|gcc_s|c\+\+)\.so/
const MUSL = /^libc\.(musl-|so$)/

const SHT_DYNAMIC = 6
const SHT_DYNSYM = 11
const SHT_GNU_VERSYM = 0x6fffffff
const SHT_GNU_VERNEED = 0x6ffffffe
const DT_NEEDED = 1n
const SECTION_HEADER_BYTES = 64
const DYNAMIC_ENTRY_BYTES = 16
const SYMBOL_BYTES = 24

const files = process.argv.length > 2 ? process.argv.slice(2) : prebuilt()
if (files.length === 0) fail('there is no native/prebuilds: npm run prebuildify')
for (const file of files) check(file)

function prebuilt() {
  const folder = `${root}/native/prebuilds`
  try {
    return readdirSync(folder, {recursive: true})
      .filter((name) => name.endsWith('.node'))
      .map((name) => `${folder}/${name}`)
  } catch {
    return []
  }
}

function check(file) {
  const elf = readFileSync(file)
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1)
    fail(`${file}: no 64-bit little-endian ELF`)

  const sections = sectionsOf(elf)
  const needed = neededLibraries(elf, sections)
  const forbidden = needed.filter((name) => FORBIDDEN.test(name))
  if (forbidden.length > 0) fail(`${file}: needs ${forbidden.join(', ')}; link it statically`)

  const shown = file.replace(`${root}/`, '')
  const isMusl = needed.some((name) => MUSL.test(name))
  if (file.endsWith(isMusl ? '.glibc.node' : '.musl.node'))
    fail(`${file}: is not for the libc of its name: needs ${needed.join(', ')}`)
  if (isMusl) {
    if (needed.length > 1) fail(`${file}: is for musl and needs ${needed.join(', ')}`)
    console.log(`${shown}: needs ${needed.join(' ')}`)
    return
  }
  const needs = versionedSymbols(elf, sections).filter(({version}) => /^GLIBC_\d/.test(version))
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

function sectionsOf(elf) {
  const offset = Number(elf.readBigUInt64LE(0x28))
  return Array.from({length: elf.readUInt16LE(0x3c)}, (_, index) => {
    const at = offset + index * SECTION_HEADER_BYTES
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
    }
  })
}

function neededLibraries(elf, sections) {
  const dynamic = sections.find((section) => section.type === SHT_DYNAMIC)
  const names = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += DYNAMIC_ENTRY_BYTES) {
    if (elf.readBigInt64LE(at) !== DT_NEEDED) continue
    names.push(text(elf, sections[dynamic.link], Number(elf.readBigUInt64LE(at + 8))))
  }
  return names
}

// Verneed {version u16, count u16, file u32, aux u32, next u32}; Vernaux {hash u32, flags u16, other u16, name u32, next u32}.
function versionNames(elf, sections) {
  const section = sections.find(({type}) => type === SHT_GNU_VERNEED)
  const names = new Map()
  if (!section) return names

  for (let need = section.offset, step = 1; step !== 0; need += step) {
    let aux = need + elf.readUInt32LE(need + 8)
    for (let left = elf.readUInt16LE(need + 2); left > 0; left--) {
      names.set(elf.readUInt16LE(aux + 6), text(elf, sections[section.link], elf.readUInt32LE(aux + 8)))
      aux += elf.readUInt32LE(aux + 12)
    }
    step = elf.readUInt32LE(need + 12)
  }
  return names
}

/** What the file takes from others, with the version it asks for. .gnu.version has one u16 for each dynamic symbol. */
function versionedSymbols(elf, sections) {
  const names = versionNames(elf, sections)
  const symbols = sections.find(({type}) => type === SHT_DYNSYM)
  const versions = sections.find(({type}) => type === SHT_GNU_VERSYM)
  if (!versions) return []

  return Array.from({length: symbols.size / SYMBOL_BYTES}, (_, index) => ({
    name: text(elf, sections[symbols.link], elf.readUInt32LE(symbols.offset + index * SYMBOL_BYTES)),
    version: names.get(elf.readUInt16LE(versions.offset + index * 2)),
  })).filter(({version}) => version !== undefined)
}

function text(elf, strings, offset) {
  const start = strings.offset + offset
  return elf.toString('latin1', start, elf.indexOf(0, start))
}

function isAbove(version, floor) {
  const [major, minor = 0] = version
  return major > floor[0] || (major === floor[0] && minor > floor[1])
}

function fail(message) {
  console.error(`ci/glibc-floor.mjs: ${message}`)
  process.exit(1)
}
