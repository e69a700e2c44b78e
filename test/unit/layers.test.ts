// The layers of src/ and native/, and the rules that every file keeps, read from the files themselves.

import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {FILE, layers, withLayers} from '../../ci/layers.mjs'
import {entrances, machineEntrances, machineRooms, rooms} from './rooms.ts'
import {
  circlesOf,
  importsOf,
  native,
  other,
  ownImportsOf,
  type Source,
  src,
  withoutExamples,
} from './sources.ts'

/** The layer of `src/vfs/fs/tmpfs.ts` is vfs; a file in src/ itself is a layer of its own name. */
function layerOf(path: string): string {
  return path.split('/')[1]
}

/** What a layer may import besides itself. `addon.ts`, which has no row of these, imports types alone. */
const below: Record<string, readonly string[]> = Object.fromEntries(
  layers.flatMap(({name, below}) => (below === undefined ? [] : [[name, below]])),
)

const arrow = (from: string, to: string): string => `${layerOf(from)} → ${layerOf(to)}`

function forbiddenArrows(sources: Source[], allowed: (from: string, to: string) => boolean): string[] {
  return sources.flatMap((source) =>
    ownImportsOf(source)
      .filter((target) => target.startsWith('src/') && !allowed(source.path, target))
      .map((target) => `${source.path} → ${target}`),
  )
}

describe('layers', () => {
  test('there are imports to look at', () => {
    expect(src.flatMap(ownImportsOf).length).toBeGreaterThan(10)
    expect(native.length).toBeGreaterThan(3)
  })

  test('arrows between folders point only down', () => {
    const allowed = (from: string, to: string): boolean => {
      const [layer, target] = [layerOf(from), layerOf(to)]
      return layer === target || !(layer in below) || below[layer].includes(target)
    }
    expect(forbiddenArrows(src, allowed)).toEqual([])
  })

  test('no arrow is allowed that nobody needs', () => {
    const used = new Set(src.flatMap((source) => ownImportsOf(source).map((to) => arrow(source.path, to))))
    const allowed = Object.entries(below).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`))
    expect(allowed.filter((way) => !used.has(way))).toEqual([])
  })

  test('each has a row, below all rows that may import it', () => {
    const names = layers.map(({name}) => name)
    expect([...names].sort()).toEqual([...new Set(src.map(({path}) => layerOf(path)))].sort())
    const upward = layers.flatMap(({name, below = []}, row) =>
      below.filter((target) => names.indexOf(target) <= row).map((target) => `${name} → ${target}`),
    )
    expect(upward).toEqual([])
  })

  test('src/README.md has their table: npm run docs', () => {
    const page = readFileSync(FILE, 'utf8')
    expect(withLayers(page)).toBe(page)
  })

  test('the sentry and the loader know the platform interface and no platform', () => {
    const upper = src.filter(({path}) => /^src\/(sentry|loader|vfs)\//.test(path))
    const allowed = (_: string, to: string): boolean => !/^src\/platform\/(kvm|ptrace|systrap)/.test(to)
    expect(forbiddenArrows(upper, allowed)).toEqual([])
  })

  test('only src/arch asks which architecture this is', () => {
    const asking = src.filter(({text}) => /\bprocess\.arch\b|\bos\.arch\(/.test(withoutExamples(text)))
    expect(asking.filter(({path}) => layerOf(path) !== 'arch').map(({path}) => path)).toEqual([])
  })

  test('only src/elf imports elfy', () => {
    const importing = src.filter(
      (source) => importsOf(source).includes('elfy') || /require\(['"]elfy/.test(source.text),
    )
    expect(importing.filter(({path}) => layerOf(path) !== 'elf').map(({path}) => path)).toEqual([])
  })

  test('only native/napi includes napi.h', () => {
    const including = native.filter(({text}) => /#include\s*[<"]napi\.h/.test(text))
    const allowed = /^native\/(napi\/|addon\.cc$)/
    expect(including.filter(({path}) => !allowed.test(path)).map(({path}) => path)).toEqual([])
  })

  test('folders of one architecture hold the same file names', () => {
    for (const parent of ['native/arch', 'native/shim', 'src/arch']) {
      const names = ['x86_64', 'arm64'].map((name) =>
        [...native, ...src].filter(({path}) => path.startsWith(`${parent}/${name}/`)),
      )
      const [x86_64, arm64] = names.map((files) => files.map(({path}) => path.split('/').slice(3).join('/')))
      // PVM is a kind of x86_64 host.
      expect(arm64).toEqual(x86_64.filter((name) => !name.startsWith('pvm')))
    }
  })

  test('src/addon.ts alone loads the native addon', () => {
    const loading = src.filter(({text}) => /node-gyp-build/.test(text)).map(({path}) => path)
    expect(loading).toEqual(['src/addon.ts'])
  })
})

describe.each([
  {folder: 'sentry', rooms, entrances},
  {folder: 'machine', rooms: machineRooms, entrances: machineEntrances},
])('rooms of src/$folder', ({folder, rooms, entrances}) => {
  const isInside = (path: string): boolean => path.startsWith(`src/${folder}/`)
  const placeOf = (path: string): string => path.split('/')[isInside(path) ? 2 : 1]
  const arrows = src.flatMap((source) =>
    ownImportsOf(source)
      .filter((to) => isInside(to) && (!isInside(source.path) || placeOf(to) !== placeOf(source.path)))
      .map((to) => ({from: source.path, to, way: `${placeOf(source.path)} → ${placeOf(to)}`})),
  )
  const allowed = Object.entries({...rooms, ...entrances}).flatMap(([from, targets]) =>
    targets.map((to) => `${from} → ${to}`),
  )

  test('import what they may', () => {
    const forbidden = arrows.filter(({way}) => !allowed.includes(way))
    expect(forbidden.map(({from, to}) => `${from} → ${to}`)).toEqual([])
  })

  test('may import nothing that none of their files needs', () => {
    const used = new Set(arrows.map(({way}) => way))
    expect(allowed.filter((way) => !used.has(way))).toEqual([])
  })

  test('stand one above the other: no two import each other', () => {
    const names = Object.keys(rooms)
    const up = names.flatMap((name, index) => rooms[name].filter((to) => names.indexOf(to) >= index))
    expect(up).toEqual([])
  })

  test('hold every file but those with a place in the table', () => {
    const folders = new Set(src.filter(({path}) => isInside(path)).map(({path}) => placeOf(path)))
    expect([...folders].sort()).toEqual(Object.keys(rooms).sort())
  })
})

test('syscalls/ of the sentry holds calls and nothing else: its table alone imports them', () => {
  const TABLE = 'src/sentry/syscalls/table.ts'
  const isCall = (path: string): boolean => path.startsWith('src/sentry/syscalls/') && path !== TABLE
  const shared = src
    .filter(({path}) => path !== TABLE)
    .flatMap((source) =>
      ownImportsOf(source)
        .filter(isCall)
        .map((to) => `${source.path} → ${to}`),
    )
  expect(shared).toEqual([])
})

test('no more than ten files import each other in a circle, types counted', () => {
  expect(circlesOf(src).filter(({length}) => length > 10)).toEqual([])
})

test('src/machine is divided into rooms: at most eight files are loose', () => {
  const loose = src.filter(({path}) => path.startsWith('src/machine/') && path.split('/').length === 3)
  expect(loose.length).toBeLessThanOrEqual(8)
})

test("a sandbox's owner and its sentry share only the protocol, which knows neither", () => {
  const roomOf = (path: string): string => path.split('/')[2]
  const isRoom = (path: string): boolean => /^src\/sandbox\/(owner|sentry|protocol)\//.test(path)
  const allowed = (from: string, to: string): boolean => {
    if (layerOf(to) !== 'sandbox' || roomOf(to) === 'protocol') return true
    return layerOf(from) === 'sandbox' ? roomOf(from) === roomOf(to) : roomOf(to) === 'owner'
  }
  expect(forbiddenArrows(src, allowed)).toEqual([])
  expect(src.filter(({path}) => layerOf(path) === 'sandbox' && !isRoom(path)).map(({path}) => path)).toEqual(
    [],
  )
})

/** What the compiler does not check: reinterpret_cast, mmap, assembly, raw calls of Node-API. */
const UNCHECKED = /\breinterpret_cast\b|::mmap\(|\basm\b|\bnapi_[a-z_]+\(/

/** The argument for it stands in the function or directly above; or at the top of the file, for all code of its kind there. */
function isArgued({lines}: Source, index: number): boolean {
  let start = index
  while (start > 0 && !/^[^\s/}#]/.test(lines[start])) start--
  while (start > 0 && lines[start - 1].startsWith('//')) start--
  return (
    lines.slice(start, index + 1).some((line) => line.includes('SAFETY:')) || isArguedForAll(lines, index)
  )
}

const isArguedForAll = (lines: readonly string[], index: number): boolean =>
  /\bnapi_/.test(lines[index]) &&
  lines.some((line) => line.startsWith('// SAFETY: of the raw calls of napi here'))

test('what the compiler does not check says why it is safe', () => {
  const bare = native.flatMap((source) =>
    source.lines.flatMap((line, index) => {
      if (source.path.endsWith('.S') || !UNCHECKED.test(line.replace(/\/\/.*|#include.*/, ''))) return []
      return isArgued(source, index) ? [] : [`${source.path}:${index + 1}: ${line.trim()}`]
    }),
  )
  expect(bare).toEqual([])
})

test('a type is named by a noun, not by a participle', () => {
  const names = src.flatMap(({text}) => [
    ...text.matchAll(/^(?:export )?(?:abstract )?(?:interface|type|class) (\w+)/gm),
  ])
  const participle =
    /(?:Found|Kept|Told|Born|Shown|Sent|Made|Begun|Known|Said|Taken|Given|Seen|[A-Z][a-z]*ed)$/
  const isNoun = /(?:Feed|Need|Seed|Speed)$/
  expect(names.map(([, name]) => name).filter((name) => participle.test(name) && !isNoun.test(name))).toEqual(
    [],
  )
})

test('what extends FileDescription is a Description by name', () => {
  const declared = src.flatMap(({text}) => [...text.matchAll(/\bclass (\w+)(?: extends (\w+))?/g)])
  const parents = new Map(declared.map(([, name, parent]) => [name, parent]))
  const isOne = (name: string | undefined): boolean =>
    name !== undefined && (name === 'FileDescription' || isOne(parents.get(name)))
  const descriptions = [...parents.keys()].filter(isOne)
  expect(descriptions.length).toBeGreaterThan(1)
  expect(descriptions.filter((name) => !name.endsWith('Description'))).toEqual([])
})

describe('every file', () => {
  const all = [...src, ...native, ...other]

  test('says its one job on line 1', () => {
    const silent = all.filter(({lines}) => {
      const first = lines[0].startsWith('#!') ? (lines[1] ?? '') : lines[0]
      return !/^(\/\/|\/\*|#(?!include|pragma|define|if)) ?\S/.test(first)
    })
    expect(silent.map(({path}) => path)).toEqual([])
  })

  test('stays under its size, or says on line 1 that it is a table', () => {
    const limit = (path: string): number => (/\.(cc|h|S)$/.test(path) ? 400 : 300)
    const sizes = all.map(({path, text, lines: [first]}) => {
      return {path, first, size: withoutExamples(text).trimEnd().split('\n').length}
    })
    const long = sizes.filter(({path, first, size}) => size > limit(path) && !/\btables?\b/i.test(first))
    expect(long.map(({path, size}) => `${path}: ${size} lines`)).toEqual([])
  })
})
