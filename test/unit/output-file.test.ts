// Files that hv writes for its user: new ones, whole or not at all, where no link leads.

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, relative} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {makeFile, Place} from '../../src/output-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-output-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

const make = (path: string, text: string) => closeSync(makeFile(path, 0o600, (fd) => writeSync(fd, text)))

test('a file takes the place of the one before, whose readers keep what they have', () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'one', {mode: 0o644})
  const {ino} = statSync(path)
  make(path, 'two')
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(statSync(path).ino).not.toBe(ino)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test.each(['', '/.', '//sibling/../sibling', '//x/..'])('paths lead where they say: %s', (detour) => {
  mkdirSync(join(folder, 'sibling'))
  make(`${relative(process.cwd(), folder)}${detour}/file`, 'there')
  expect(readFileSync(join(folder, detour.includes('sibling') ? 'sibling' : '', 'file'), 'utf8')).toBe(
    'there',
  )
})

test('what cannot be written leaves the old file, and nothing else', () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'one')
  const fail = () => {
    throw new Error('no more')
  }
  expect(() => makeFile(path, 0o600, fail)).toThrow('no more')
  expect(() => make(folder, 'two')).toThrow()
  expect(readFileSync(path, 'utf8')).toBe('one')
  expect(readdirSync(folder)).toEqual(['file'])
})

test('a link is refused at the end and on the way, and named', () => {
  symlinkSync('nowhere', join(folder, 'link'))
  symlinkSync('.', join(folder, 'here'))
  expect(() => make(join(folder, 'link'), 'x')).toThrow(/it is a symbolic link to nowhere/)
  expect(() => make(join(folder, 'here/file'), 'x')).toThrow(/here on the way is a symbolic link to \./)
  expect(readdirSync(folder).sort()).toEqual(['here', 'link'])
})

test('a place knows the directories that it lies beneath, by other names too', () => {
  mkdirSync(join(folder, 'a/b'), {recursive: true})
  symlinkSync('a', join(folder, 'link'))
  using place = new Place(join(folder, 'a/b/file'))
  expect(place.beneath([join(folder, 'nothing'), join(folder, 'link')])).toBe(join(folder, 'link'))
  expect(place.beneath([tmpdir()])).toBe(tmpdir())
  expect(place.beneath(['/usr'])).toBeUndefined()
})
